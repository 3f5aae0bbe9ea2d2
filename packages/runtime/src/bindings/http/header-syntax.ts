import { CloisterError } from '../../errors.ts';

/** Headers by name. */
export type HeaderRecord = Readonly<Record<string, string>>;

/** Headers that belong to the connection, or say where the request ends. */
const ofTheConnection =
  /^(connection|content-length|expect|host|http2-settings|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/;

/** Whether a request may carry a header of this name, in small letters. */
export function isSendable(name: string): boolean {
  return name.length <= 200 && /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !ofTheConnection.test(name);
}

/** Whether a text can stand in a header: one line, Latin-1. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

/**
 * Checks headers that the embedder gave.
 * @throws {CloisterError} `invalid_options`, without the values.
 */
export function requireHeaders(headers: unknown, where: string): asserts headers is HeaderRecord {
  if (typeof headers !== 'object' || headers === null) {
    throw new CloisterError('invalid_options', `${where}: headers must be an object`);
  }
  for (const [name, value] of Object.entries(headers)) {
    const isValid = typeof value === 'string' && isHeaderValue(value);
    if (isValid && isSendable(name.toLowerCase())) continue;
    throw new CloisterError('invalid_options', `${where}: header ${name} cannot be sent`);
  }
}
