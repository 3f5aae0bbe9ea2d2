'use strict';
// `console`: lines go out as they are written, so that a killed run keeps its logs.
guest.console = (() => {
  const { formatLine } = guest.format;
  const { clean } = guest.stack;
  const { stringify, stringifyWithin } = guest.json;
  const { addGlobal } = guest.globals;
  const { post } = guest.outbox;
  let entriesLeft = 0;
  let charactersLeft = 0;
  let dropped = 0;
  let nextReport = 1;

  const open = (/** @type {number} */ entries, /** @type {number} */ characters) => {
    entriesLeft = entries;
    charactersLeft = characters;
    dropped = 0;
    nextReport = 1;
  };

  /**
   * Says how many lines were dropped at 1, 2, 4, 8 and so on: a killed run cannot be asked any more, and a
   * flood must not cost a message a line.
   */
  const drop = () => {
    dropped++;
    if (dropped < nextReport) return;
    nextReport *= 2;
    post(`d${dropped}`);
  };

  /** The arguments after the first as a JSON array; what JSON cannot hold becomes its printed form. */
  const dataOf = (/** @type {readonly unknown[]} */ args) => {
    let list = '';
    for (let i = 1; i < args.length; i++) {
      const room = charactersLeft - list.length;
      let item;
      try {
        item = stringifyWithin(args[i], room);
      } catch {
        item = undefined;
      }
      item ??= stringify(formatLine([args[i]], room < 0 ? 0 : room, clean));
      list += i === 1 ? item : `,${item}`;
      if (list.length > charactersLeft) break;
    }
    return `[${list}]`;
  };

  /** @param {string} level @param {readonly unknown[]} args @param {string} source the place of a method of `sdk`, or empty */
  const write = (level, args, source = '') => {
    if (entriesLeft <= 0 || charactersLeft <= 0) return drop();
    // A line of `sdk` has its fields beside the message, not in it.
    const text = source === '' || args.length < 2 ? args : [args[0]];
    const message = formatLine(text, charactersLeft, clean);
    const data = args.length > 1 ? dataOf(args) : '';
    const size = message.length + data.length;
    if (size > charactersLeft) {
      charactersLeft = 0;
      return drop();
    }
    charactersLeft -= size;
    entriesLeft--;
    // Level, message and data, each a JSON text or empty, so that nothing needs to be parsed here.
    post(`l${level} ${source}\n${stringify(message)}\n${data}`);
  };

  const console = {
    log: (/** @type {unknown[]} */ ...args) => write('info', args),
    info: (/** @type {unknown[]} */ ...args) => write('info', args),
    warn: (/** @type {unknown[]} */ ...args) => write('warn', args),
    error: (/** @type {unknown[]} */ ...args) => write('error', args),
    debug: (/** @type {unknown[]} */ ...args) => write('debug', args),
  };
  addGlobal('console', console);

  return { __proto__: null, console, write, open, droppedCount: () => dropped };
})();
