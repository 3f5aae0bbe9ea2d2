'use strict';
/** Decides where the lines of a printed object break, with the widths that Node uses. */
guest.formatLayout = (() => {
  const {
    charCodeAt,
    codePointAt,
    floor,
    indexOf,
    max,
    min,
    normalize,
    padEnd,
    padStart,
    repeat,
    round,
    sqrt,
  } = guest.formatIntrinsics;
  const { BREAK_LENGTH, join, list, MAX_ITEMS, push } = guest.formatText;

  const NESTING_ON_ONE_LINE = 3;
  const MAX_COLUMNS = 15;
  const GROUP_FROM = 7;
  const GAP = 2;

  // Terminal columns of a text, by ranges of code points that take two or none.
  /** @type {readonly (readonly [number, number])[]} */
  const WIDE = [
    [0x1100, 0x115f],
    [0x2e80, 0x303e],
    [0x3041, 0xa4cf],
    [0xac00, 0xd7a3],
    [0xf900, 0xfaff],
    [0xfe30, 0xfe6f],
    [0xff01, 0xff60],
    [0xffe0, 0xffe6],
    [0x1f300, 0x1f64f],
    [0x1f680, 0x1f6ff],
    [0x1f900, 0x1f9ff],
    [0x20000, 0x3fffd],
  ];
  /** @type {readonly (readonly [number, number])[]} */
  const ZERO = [
    [0, 31],
    [127, 159],
    [0x300, 0x36f],
    [0x200b, 0x200f],
    [0x20d0, 0x20ff],
    [0xfe00, 0xfe0f],
    [0xfe20, 0xfe2f],
    [0xe0100, 0xe01ef],
  ];
  const within = (
    /** @type {readonly (readonly [number, number])[]} */ ranges,
    /** @type {number} */ code,
  ) => {
    for (let i = 0; i < ranges.length; i++) {
      const range = ranges[i];
      if (range !== undefined && code >= range[0] && code <= range[1]) return true;
    }
    return false;
  };

  const widthOf = (/** @type {string} */ text) => {
    let ascii = true;
    for (let i = 0; ascii && i < text.length; i++) {
      const code = charCodeAt(text, i);
      ascii = code >= 32 && code < 127;
    }
    if (ascii) return text.length;
    const composed = normalize(text, 'NFC');
    let width = 0;
    for (let i = 0; i < composed.length; i++) {
      const code = codePointAt(composed, i);
      if (code > 0xffff) i += 1;
      if (!within(ZERO, code)) width += within(WIDE, code) ? 2 : 1;
    }
    return width;
  };

  const columnCount = (
    /** @type {{ count: number, entries: number, total: number, widest: number }} */ {
      count,
      entries,
      total,
      widest,
    },
    /** @type {number} */ indent,
  ) => {
    const cell = widest + GAP;
    const fits = cell * 3 + indent < BREAK_LENGTH;
    if (!fits || (total / cell <= 5 && widest > 6)) return 1;
    // Aims at a block about 2.5 times as wide as it is high, narrower when most entries are short.
    const width = max(cell - 3 - sqrt(cell - total / entries), 1);
    const square = round(sqrt(2.5 * width * count) / width);
    return min(square, floor((BREAK_LENGTH - indent) / cell), NESTING_ON_ONE_LINE * 4, MAX_COLUMNS);
  };

  const rowOf = (
    /** @type {FormatList<any>} */ items,
    /** @type {FormatList<any>} */ widths,
    /** @type {FormatList<any>} */ columnWidths,
    /** @type {number} */ from,
    /** @type {number} */ to,
    /** @type {boolean} */ rightAligned,
  ) => {
    let row = '';
    for (let i = from; i < to; i++) {
      const last = i === to - 1;
      const text = last ? items[i] : `${items[i]}, `;
      const room = columnWidths[i - from] + items[i].length - widths[i] - (last ? GAP : 0);
      if (rightAligned) row += padStart(text, room);
      else row += last ? text : padEnd(text, room);
    }
    return row;
  };

  /** Joins short array elements into rows of equal columns. */
  const group = (
    /** @type {FormatList<any>} */ items,
    /** @type {FormatShape} */ shape,
    /** @type {number} */ indent,
  ) => {
    // The last entry of a long list is the count of what is not shown.
    const count = items.length > MAX_ITEMS ? items.length - 1 : items.length;
    const rightAligned = shape.numeric && shape.length >= items.length;
    const widths = list();
    let total = 0;
    let widest = 0;
    for (let i = 0; i < count; i++) {
      const width = widthOf(items[i]);
      push(widths, width);
      total += width + GAP;
      widest = max(widest, width);
    }
    const columns = columnCount({ count, entries: items.length, total, widest }, indent);
    if (columns <= 1) return items;
    const columnWidths = list();
    for (let column = 0; column < columns; column++) {
      let width = 0;
      for (let i = column; i < count; i += columns) width = max(width, widths[i]);
      push(columnWidths, width + GAP);
    }
    const rows = list();
    for (let i = 0; i < count; i += columns) {
      push(rows, rowOf(items, widths, columnWidths, i, min(i + columns, count), rightAligned));
    }
    if (count < items.length) push(rows, items[count]);
    return rows;
  };

  const fitsOnOneLine = (
    /** @type {FormatList<any>} */ items,
    /** @type {number} */ start,
    /** @type {string} */ base,
  ) => {
    let total = items.length + start;
    if (total + items.length > BREAK_LENGTH) return false;
    for (let i = 0; i < items.length; i++) {
      total += items[i].length;
      if (total > BREAK_LENGTH) return false;
    }
    return indexOf(base, '\n') === -1;
  };

  /** Puts the printed entries between the braces of their shape. */
  const layOut = (
    /** @type {FormatState} */ state,
    /** @type {FormatList<any>} */ items,
    /** @type {FormatShape} */ shape,
    /** @type {number} */ level,
  ) => {
    const rows =
      shape.isList && items.length >= GROUP_FROM ? group(items, shape, state.indent) : items;
    const head = shape.base === '' ? shape.open : `${shape.base} ${shape.open}`;
    if (state.deepest - level < NESTING_ON_ONE_LINE && rows.length === items.length) {
      const start = rows.length + state.indent + shape.open.length + shape.base.length + 10;
      if (fitsOnOneLine(rows, start, shape.base)) {
        const line = join(rows, ', ');
        if (indexOf(line, '\n') === -1) return `${head} ${line} ${shape.close}`;
      }
    }
    const newLine = `\n${repeat(' ', state.indent)}`;
    return `${head}${newLine}  ${join(rows, `,${newLine}  `)}${newLine}${shape.close}`;
  };

  return { __proto__: null, layOut };
})();
