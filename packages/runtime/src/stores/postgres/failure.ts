import { BytecodeStoreError, type BytecodeStoreErrorCode } from '../bytecode-store-error.ts';

/** SQLSTATE codes, https://www.postgresql.org/docs/current/errcodes-appendix.html. */
const codes: Readonly<Record<string, BytecodeStoreErrorCode>> = {
  '57014': 'timeout',
  '55P03': 'busy',
  '40P01': 'busy',
  '53100': 'full',
  '25006': 'read_only',
  XX001: 'corrupt',
  XX002: 'corrupt',
};

/** The error that the caller of the store gets for one of pg. */
export function toStoreError(error: unknown): BytecodeStoreError {
  if (error instanceof BytecodeStoreError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const state = typeof code === 'string' ? code : '';
  // Node's error for several addresses that all refused has a code and no message.
  const words = typeof message === 'string' && message !== '' ? message : state;
  return new BytecodeStoreError(
    codes[state] ?? 'unavailable',
    `the bytecode store in Postgres: ${words}`,
    error,
  );
}

/** Whether a table or its schema is not there. */
export function isMissingTable(error: unknown): boolean {
  const cause = error instanceof BytecodeStoreError ? error.cause : error;
  const code = (cause as { code?: unknown } | undefined)?.code;
  return code === '42P01' || code === '3F000';
}
