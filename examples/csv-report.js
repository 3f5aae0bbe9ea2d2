// Reports on a sales export: ctx.input.csv is the text of the file, with a line of column names
// first. Amounts are counted in cents. A row that cannot be trusted is left out and accounted for.

const COLUMNS = [
  'order',
  'date',
  'region',
  'product',
  'customer',
  'quantity',
  'unit_price',
  'note',
];
const REGIONS = new Set(['North', 'South', 'East', 'West', 'Überregional']);

const records = parseCsv(ctx.input.csv);
checkHeader(records.next().value);

const sales = [];
const rejected = [];
const seenOrders = new Set();
for (const record of records) {
  const reason = record.problem ?? reasonToReject(record.fields);
  if (reason) rejected.push({ line: record.line, reason });
  else sales.push(toSale(record.fields));
}

console.log(`${sales.length} sales read, ${rejected.length} rows rejected`);
for (const { line, reason } of rejected.slice(0, 3)) console.warn(`Line ${line}: ${reason}`);

return {
  total: totals(sales),
  byRegion: groupTotals(sales, (sale) => sale.region).toSorted(byRevenue),
  byMonth: groupTotals(sales, (sale) => sale.month).toSorted(byName),
  byProduct: groupTotals(sales, (sale) => sale.product).toSorted(byRevenue),
  topCustomers: groupTotals(sales, (sale) => sale.customer)
    .toSorted(byRevenue)
    .slice(0, 10),
  topSales: sales.toSorted((a, b) => b.cents - a.cents || compare(a.order, b.order)).slice(0, 10),
  rejected: {
    count: rejected.length,
    byReason: countBy(rejected, ({ reason }) => reason),
    first: rejected.slice(0, 20),
  },
};

/**
 * Reads RFC 4180 text record by record: quoted fields may hold commas, line breaks and doubled
 * quotes; lines end in CRLF or LF. Where a quote stands in the wrong place the record comes with a
 * problem, and reading goes on at the next line.
 */
function* parseCsv(text) {
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  let position = text.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  while (position < text.length) {
    const start = position;
    const fields = [];
    let match;
    do {
      field.lastIndex = position;
      match = field.exec(text);
      if (!match) break;
      const [, quoted, bare] = match;
      fields.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
      position = field.lastIndex;
    } while (match[3] === ',');
    if (match) {
      yield { line, fields };
    } else {
      const lineEnd = text.indexOf('\n', start);
      position = lineEnd === -1 ? text.length : lineEnd + 1;
      yield { line, problem: 'misplaced quote' };
    }
    line += text.slice(start, position).split('\n').length - 1;
  }
}

function checkHeader(record) {
  if (record?.fields?.join() !== COLUMNS.join()) {
    throw new TypeError(`csv: line 1 must name the columns ${COLUMNS.join()}`);
  }
}

function reasonToReject(fields) {
  if (fields.length !== COLUMNS.length) {
    return `${COLUMNS.length} fields expected, ${fields.length} found`;
  }
  const [order, date, region, product, customer, quantity, unitPrice] = fields;
  if (!/^S-\d+$/.test(order)) return 'malformed order number';
  if (!isDate(date)) return 'no such date';
  if (!REGIONS.has(region)) return 'unknown region';
  if (product === '' || customer === '') return 'missing product or customer';
  if (!/^[1-9]\d{0,5}$/.test(quantity)) return 'malformed quantity';
  if (!/^\d{1,7}\.\d\d$/.test(unitPrice)) return 'malformed price';
  if (seenOrders.has(order)) return 'order seen before';
  seenOrders.add(order);
  return null;
}

/** Date rolls 30 February over to March: a date is real when it comes back as it went in. */
function isDate(text) {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text;
}

function toSale(fields) {
  const [order, date, region, product, customer, quantity, unitPrice] = fields;
  const units = Number(quantity);
  const cents = units * Number(unitPrice.replace('.', ''));
  return { order, month: date.slice(0, 7), region, product, customer, units, cents };
}

function groupTotals(rows, nameOf) {
  return [...Map.groupBy(rows, nameOf)].map(([name, group]) => ({ name, ...totals(group) }));
}

function totals(rows) {
  let units = 0;
  let cents = 0;
  for (const row of rows) {
    units += row.units;
    cents += row.cents;
  }
  return { sales: rows.length, units, cents };
}

function countBy(rows, nameOf) {
  return Object.fromEntries(
    [...Map.groupBy(rows, nameOf)].map(([name, { length }]) => [name, length]),
  );
}

function byRevenue(a, b) {
  return b.cents - a.cents || byName(a, b);
}

function byName(a, b) {
  return compare(a.name, b.name);
}

/** By code unit, so that the order is the same under every locale. */
function compare(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
