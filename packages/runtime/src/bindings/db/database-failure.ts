import { BindingError } from '../../bindings.ts';
import { CloisterError } from '../../errors.ts';

/** Of these classes of SQLSTATE the message is about the statement and for who wrote it. */
const forTheScript = new Set([
  '08',
  '0A',
  '21',
  '22',
  '23',
  '25',
  '34',
  '40',
  '42',
  '44',
  '55',
  'P0',
]);
const maxMessageCharacters = 300;

/**
 * What a script gets for an error of the database: `db_` and the SQLSTATE with the message, and neither
 * detail nor hint nor context, which may hold what other rows hold. Where the database did not do its
 * part, `db_unavailable` without a word of it.
 */
export function toBindingError(error: unknown, timeoutMs: number): Error {
  if (error instanceof BindingError || error instanceof CloisterError) return error;
  const { code, message, name } = error as Partial<Record<'code' | 'message' | 'name', unknown>>;
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : '';
  if (state === '57014' || name === 'TimeoutError') {
    return publicError('db_timeout', `the statement took longer than ${timeoutMs} ms`, error);
  }
  // Node's own errors have codes such as EPIPE, which look like one; 08P01 is a wrong number of parameters.
  if (state === '' || /^(08(?!P01)|28|3D|57|58|E)/.test(state) || state === '53300') {
    return publicError('db_unavailable', 'the database cannot be reached', error);
  }
  const isForTheScript = forTheScript.has(state.slice(0, 2)) && typeof message === 'string';
  const words = isForTheScript
    ? message.slice(0, maxMessageCharacters)
    : 'the database refused the statement';
  return publicError(`db_${state}`, words, isForTheScript ? undefined : error);
}

function publicError(code: string, message: string, cause: unknown): BindingError {
  return new BindingError(message, { code, cause });
}
