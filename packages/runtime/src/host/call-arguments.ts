import { BindingError } from '../bindings.ts';
import { ProtocolError } from '../protocol/fields.ts';

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
 * Refuses arguments with a key `__proto__`: a handler that copies such an object by assignment gives
 * the copy a prototype of the script's making, and one that merges it deeply may change its own.
 * @throws {BindingError}
 */
export function requireNoPrototype(text: string, path: string): void {
  // Letters of a key can be written as escapes, too.
  if (!text.includes('__proto__') && !text.includes('\\u00')) return;
  if (!namesPrototype(text)) return;
  const message = `${path}: the key __proto__ is not allowed in arguments`;
  throw new BindingError(message, { code: 'invalid_arguments', name: 'TypeError' });
}

function namesPrototype(text: string): boolean {
  let found = false;
  JSON.parse(text, (key, value: unknown) => {
    found ||= key === '__proto__';
    return value;
  });
  return found;
}
