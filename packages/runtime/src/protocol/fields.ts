/** A message that broke the protocol. The process that sent it is not to be trusted any further. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** A JSON object of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

// Each of these gives a value back as what it must be, or throws a ProtocolError that names the
// field and never its content.

export function object(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError(`${name} is not an object`);
  }
  return value as Fields;
}

export function list(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new ProtocolError(`${name} is not a list`);
  return value;
}

export function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new ProtocolError(`${name} is not a string`);
  return value;
}

export function bytes(fields: Fields, name: string): Uint8Array {
  const value = fields[name];
  if (!(value instanceof Uint8Array)) throw new ProtocolError(`${name} is not an attachment`);
  return value;
}

export function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw new ProtocolError(`${name} is not a boolean`);
  return value;
}

/** Whether it is a number of zero or more. */
export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}

export function amount(fields: Fields, name: string): number {
  const value = fields[name];
  if (!isAmount(value)) {
    throw new ProtocolError(`${name} is not a number of zero or more`);
  }
  return value;
}

/** A whole number. */
export function whole(fields: Fields, name: string): number {
  const value = amount(fields, name);
  if (!Number.isSafeInteger(value)) throw new ProtocolError(`${name} is not a whole number`);
  return value;
}
