import { closeSync, openSync, readSync } from 'node:fs';
import {
  postgresBytecodeStore,
  sqliteBytecodeStore,
  type BytecodeStore,
} from '@cloister/runtime/stores';
import { CommandLineError } from './command-line.ts';

const sqliteMagic = 'SQLite format 3\0';

/**
 * The store that `--cache` names: a Postgres URL, or a file.
 * @throws {CommandLineError} when the file holds something else: a store moves aside what it cannot
 * read, which is right for a cache and wrong for somebody's document.
 */
export function bytecodeCache(name: string): BytecodeStore {
  if (/^postgres(ql)?:/.test(name)) return postgresBytecodeStore(name);
  if (!isNewOrSqlite(name)) {
    throw new CommandLineError(`--cache: ${name} is there already and is no SQLite file`);
  }
  return sqliteBytecodeStore(name);
}

function isNewOrSqlite(file: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
  try {
    const head = Buffer.alloc(sqliteMagic.length);
    const length = readSync(descriptor, head);
    return length === 0 || head.toString('latin1') === sqliteMagic;
  } catch {
    return false;
  } finally {
    closeSync(descriptor);
  }
}
