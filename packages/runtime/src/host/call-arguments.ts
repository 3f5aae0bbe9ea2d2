import { BindingError } from '../bindings.ts';
import { ProtocolError } from '../protocol/fields.ts';

/**
 * Values in the arguments of one call, those within others included: what a schema says of as many wrong
 * ones takes the host longer than they took the script.
 */
const maxValues = 32 * 1024;

/**
 * Reads the arguments of a call.
 * @throws {ProtocolError} for what is no list.
 */
export function readArguments(text: string): unknown[] {
  let args: unknown;
  try {
    args = JSON.parse(text);
  } catch {
    // The text is a script's, and not for messages.
  }
  if (!Array.isArray(args)) throw new ProtocolError('arguments are no list');
  return args as unknown[];
}

/**
 * Refuses arguments of too many values, and such with a key `__proto__`: a handler that copies an object
 * by assignment would give the copy a prototype of the script's making.
 * @throws {BindingError}
 */
export function requireHarmless(args: readonly unknown[], path: string): void {
  const found: unknown[] = [args];
  // Without recursion: a script may nest as deeply as it likes.
  for (let at = 0; at < found.length; at++) {
    const value = found[at];
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__')) {
      throw refusal(`${path}: the key __proto__ is not allowed in arguments`);
    }
    for (const inner of Object.values(value)) found.push(inner);
    if (found.length > maxValues) {
      throw refusal(
        `${path}: the arguments have more than ${maxValues} values; make several calls`,
      );
    }
  }
}

function refusal(message: string): BindingError {
  return new BindingError(message, { code: 'invalid_arguments', name: 'TypeError' });
}
