import { BindingError } from '../../bindings.ts';
import { forbiddenWords } from './forbidden-functions.ts';

/**
 * Refuses what no statement of a script needs. The database refuses it, too; this is the second wall.
 * @throws {BindingError} `statement_refused`, naming the word.
 */
export function requireHarmlessWords(sql: string): void {
  const found = forbiddenWords.exec(sql);
  if (found === null) return;
  throw refused(`a statement must not contain ${found[0]}; pass texts as parameters`);
}

/**
 * The only form in which a script's query runs. What follows FOR can be a query and nothing else: the
 * grammar of Postgres has no other statement there, and the extended protocol no second one.
 */
export function cursorFor(sql: string): string {
  return `DECLARE cloister_rows NO SCROLL CURSOR WITHOUT HOLD FOR ${sql}`;
}

/**
 * Refuses what does not begin with the keyword of a statement that changes rows. A comment may not come
 * first: what is skipped must be skipped as Postgres does.
 * @throws {BindingError} `statement_refused`.
 */
export function requireChange(sql: string): void {
  if (/^[ \t\r\n\f\v]*(?:insert|update|delete|merge)[ \t\r\n\f\v]/i.test(sql)) return;
  throw refused('execute takes one statement that begins with INSERT, UPDATE, DELETE or MERGE');
}

/**
 * Refuses a zero character, with which a text ends in Postgres' protocol: what comes after it would be
 * read as something else.
 * @throws {BindingError} `statement_refused`.
 */
export function requireText(sql: string): void {
  if (sql.includes('\0')) throw refused('a statement must not contain a zero character');
}

function refused(message: string): BindingError {
  return new BindingError(message, { code: 'statement_refused' });
}
