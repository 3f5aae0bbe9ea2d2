import { invalidOptions } from './errors.ts';

/**
 * Requires an object of options that are known.
 * @param where - the field they stand in, for the message: `http.limits`.
 * @param owner - what they are options of, for the message: `the binding`.
 * @throws {CloisterError} `invalid_options`, naming the field.
 */
export function requireKnown(
  value: object,
  known: readonly string[],
  where: string,
  owner: string,
): void {
  if (typeof value !== 'object' || value === null)
    throw invalidOptions(`${where} must be an object`);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw invalidOptions(`${where}.${unknown} is not an option of ${owner}`);
}
