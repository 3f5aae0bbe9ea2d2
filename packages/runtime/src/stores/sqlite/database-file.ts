import { randomUUID } from 'node:crypto';
import { closeSync, linkSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Damaged files that are kept; the oldest go. */
const keptAside = 3;

/**
 * Which file is at a path, so that one put in its place is noticed; undefined when there is none.
 * @throws the errors of the file system, that there is none excepted.
 */
export function fileIdentity(file: string): string | undefined {
  if (file === ':memory:') return file;
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`;
}

/**
 * Creates an empty file that only its owner can read, if there is none: code says much about its
 * source. SQLite gives the files that it makes beside it the same mode. It is made under another
 * name, since closing a descriptor of a database drops this process's locks on it.
 */
export function createDatabaseFile(file: string): void {
  if (file === ':memory:' || fileIdentity(file) !== undefined) return;
  const draft = `${file}.${process.pid}-${randomUUID()}`;
  try {
    closeSync(openSync(draft, 'wx', 0o600));
    linkSync(draft, file);
  } catch (error) {
    // Another process was faster, or there are no hard links here, and SQLite creates the file.
    if ((error as NodeJS.ErrnoException).syscall !== 'link') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Takes a database away, unless another process has done so: a damaged one is moved to
 * `<file>.corrupt-<timestamp>`, an unwanted one deleted. Who has it open notices at the next operation.
 * @param judged - the identity of the file that is damaged or unwanted; no other is touched.
 * @throws the errors of the file system.
 */
export function takeAway(
  file: string,
  judged: string,
  state: 'damaged' | 'unwanted',
  busyTimeoutMs: number,
): void {
  // One process at a time, or the second would take the first one's new file away. A lock of SQLite
  // ends with its process, however that dies; its file stays, since deleting it would split the lock.
  const lock = new DatabaseSync(`${file}.recovery-lock`, { timeout: busyTimeoutMs });
  try {
    // No journal in a file: the disk may be full.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    if (fileIdentity(file) !== judged) return;
    // First what belongs to it: who creates the new file must not find an old log beside it.
    rmSync(`${file}-wal`, { force: true });
    rmSync(`${file}-shm`, { force: true });
    if (state === 'unwanted') return rmSync(file);
    renameSync(file, `${file}.corrupt-${Date.now()}`);
    forgetOldest(file);
  } finally {
    lock.close();
  }
}

function forgetOldest(file: string): void {
  const prefix = `${basename(file)}.corrupt-`;
  const aside = readdirSync(dirname(file))
    .filter((name) => name.startsWith(prefix))
    .toSorted((a, b) => Number(a.slice(prefix.length)) - Number(b.slice(prefix.length)));
  for (const name of aside.slice(0, -keptAside)) rmSync(join(dirname(file), name), { force: true });
}
