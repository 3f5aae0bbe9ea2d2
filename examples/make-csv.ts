import { SeededRandom } from './seeded-random.ts';

/** A row that the report must count. */
export interface Sale {
  readonly order: string;
  /** `YYYY-MM-DD` */
  readonly date: string;
  readonly region: string;
  readonly product: string;
  readonly customer: string;
  readonly quantity: number;
  readonly unitCents: number;
  readonly note: string;
}

/** A row of the file: a sale, or a row with a fault as its raw text and the reason to reject it. */
export type Row =
  | { readonly kind: 'sale'; readonly sale: Sale }
  | { readonly kind: 'faulty'; readonly text: string; readonly reason: string };

const COLUMNS = 'order,date,region,product,customer,quantity,unit_price,note';

const FIRST_ORDER = 'S-100001';

const REGIONS = ['North', 'South', 'East', 'West', 'Überregional'] as const;

const PRODUCTS = [
  'Teapot "Juno", 1.2 l',
  'Teapot "Ceres", 0.8 l',
  'Cup, white',
  'Cup, blue',
  'Saucer',
  'Tea tin, 250 g',
  'Assam, loose',
  'Sencha 煎茶',
  'Té de jazmín',
  'Kettle',
  'Strainer ⌀ 7 cm',
  'Tray\n(oak)',
] as const;

const FIRST_NAMES = ['Ana', 'Björn', 'Chloé', 'Dörte', 'Łukasz', 'Mei 梅', 'Noor', 'Seán'] as const;
const LAST_NAMES = [
  'Álvarez',
  "O'Neill",
  'Šimek',
  'Müller, Söhne & Co.',
  'de "Boer"',
  'Ní Bhriain',
] as const;

const NOTES = [
  '',
  '',
  '',
  'gift',
  'second delivery, see order before',
  'says "no hurry"',
  'leave with the neighbour\r\nring twice',
  'two\nlines\n',
  '"',
  ' spaces kept ',
  '🫖🍵',
] as const;

/**
 * Makes the rows of a sales file, about one in a hundred of them faulty and the first one never.
 * The same count and seed make the same rows.
 */
export function makeRows(count = 10_000, seed = 4180): Row[] {
  const random = new SeededRandom(seed);
  const rows: Row[] = [];
  for (let number = 1; number <= count; number++) {
    const sale = makeSale(random, number);
    const isFaulty = number > 1 && random.oneIn(100);
    rows.push(isFaulty ? makeFault(random, sale) : { kind: 'sale', sale });
  }
  return rows;
}

/** The rows as RFC 4180 text: column names first, CRLF after every record, quotes where needed. */
export function toCsv(rows: readonly Row[]): string {
  const records = rows.map((row) => (row.kind === 'sale' ? toRecord(row.sale) : row.text));
  return [COLUMNS, ...records, ''].join('\r\n');
}

function makeSale(random: SeededRandom, number: number): Sale {
  const month = String(random.integer(1, 12)).padStart(2, '0');
  const day = String(random.integer(1, 28)).padStart(2, '0');
  return {
    order: `S-${100_000 + number}`,
    date: `2025-${month}-${day}`,
    region: random.pick(REGIONS),
    product: random.pick(PRODUCTS),
    customer: `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`,
    quantity: random.integer(1, 40),
    unitCents: random.integer(95, 24_999),
    note: random.pick(NOTES),
  };
}

function makeFault(random: SeededRandom, sale: Sale): Row {
  const { order, date } = sale;
  return random.pick<Row>([
    faulty('misplaced quote', `${order},${date},North,5" saucer,Ana Álvarez,1,9.95,`),
    faulty('misplaced quote', `${order},${date},"North" East,Saucer,Ana Álvarez,1,9.95,`),
    faulty('8 fields expected, 7 found', `${order},${date},North,Saucer,Ana Álvarez,1,9.95`),
    faulty('8 fields expected, 1 found', ''),
    faulty('malformed order number', toRecord({ ...sale, order: '' })),
    faulty('order seen before', toRecord({ ...sale, order: FIRST_ORDER })),
    faulty('no such date', toRecord({ ...sale, date: '2025-02-30' })),
    faulty('no such date', toRecord({ ...sale, date: '14.03.2025' })),
    faulty('unknown region', toRecord({ ...sale, region: 'Atlantis' })),
    faulty('missing product or customer', toRecord({ ...sale, customer: '' })),
    faulty('malformed quantity', toRecord({ ...sale, quantity: -sale.quantity })),
    faulty('malformed price', `${order},${date},North,Saucer,Ana Álvarez,1,"9,95",`),
  ]);
}

function faulty(reason: string, text: string): Row {
  return { kind: 'faulty', text, reason };
}

function toRecord(sale: Sale): string {
  const { order, date, region, product, customer, quantity, unitCents, note } = sale;
  const price = `${Math.trunc(unitCents / 100)}.${String(unitCents % 100).padStart(2, '0')}`;
  return [order, date, region, product, customer, String(quantity), price, note]
    .map(quote)
    .join(',');
}

function quote(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

if (import.meta.main) process.stdout.write(JSON.stringify({ csv: toCsv(makeRows()) }));
