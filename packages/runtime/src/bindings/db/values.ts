import { BindingError } from '../../bindings.ts';
import type { StatementResult, TextRow } from './engine.ts';

/** The OIDs of types, which are the same in every Postgres. */
const oid = {
  bool: 16,
  bytea: 17,
  int2: 21,
  int4: 23,
  json: 114,
  float4: 700,
  float8: 701,
  timestamp: 1114,
  timestamptz: 1184,
  jsonb: 3802,
} as const;

const converters: ReadonlyMap<number, (text: string) => unknown> = new Map<
  number,
  (text: string) => unknown
>([
  [oid.bool, (text) => text === 't'],
  [oid.int2, Number],
  [oid.int4, Number],
  [oid.float4, toNumber],
  [oid.float8, toNumber],
  [oid.json, (text) => JSON.parse(text) as unknown],
  [oid.jsonb, (text) => JSON.parse(text) as unknown],
  [oid.bytea, (text) => Buffer.from(text.slice(2), 'hex').toString('base64')],
  [oid.timestamp, toIso],
  [oid.timestamptz, toIso],
]);

/** Rows as objects of JSON values, a column for each name; what has no JSON of its own stays text. */
export function toObjects({ fields, rows }: StatementResult): Record<string, unknown>[] {
  const columns = fields.map(({ name, type }) => ({ name, convert: converters.get(type) }));
  return rows.map((row) => {
    // Without a prototype a column may have any name.
    const object = Object.create(null) as Record<string, unknown>;
    for (const [index, { name, convert }] of columns.entries()) {
      const text = row[index] ?? null;
      object[name] = text === null || convert === undefined ? text : convert(text);
    }
    return object;
  });
}

/**
 * A script's parameters as text, the type of which the server infers.
 * @throws {BindingError} `invalid_arguments` for a text that Postgres cannot hold.
 */
export function toParameters(values: readonly unknown[]): TextRow {
  return values.map((value, index) => {
    if (value === null) return null;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (!text.includes('\0')) return text;
    throw new BindingError(`parameter ${index + 1} holds a zero character`, {
      code: 'invalid_arguments',
      name: 'TypeError',
    });
  });
}

/** JSON has no NaN and no infinity: these stay text. */
function toNumber(text: string): number | string {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

/** From `2026-01-02 03:04:05+00` to `2026-01-02T03:04:05Z`; `infinity` and years before Christ stay as they are. */
function toIso(text: string): string {
  return text.replace(
    /^(\d+-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?$/,
    (_all, day, time, zone) => `${day as string}T${time as string}${zone === undefined ? '' : 'Z'}`,
  );
}
