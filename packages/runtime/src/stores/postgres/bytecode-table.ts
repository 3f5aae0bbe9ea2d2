import { usePrecisionMs, type Retention } from '../retention.ts';
import type { Query } from './connections.ts';
import type { TableNames } from './schema.ts';

/** Rows that one prune deletes at most, so that it ends within the time limit. */
const pruneRows = 1_000;

/** The statements on the table of a store. Each rejects with what the server says. */
export class BytecodeTable {
  readonly #table: string;

  constructor(names: TableNames) {
    this.#table = names.bytecode;
  }

  /** `isStale`: the use was last written down so long ago that it should be again. */
  async get(
    query: Query,
    key: string,
  ): Promise<{ bytes: Uint8Array; isStale: boolean } | undefined> {
    // pg reads results as text only: this one is shorter than the hexadecimal of bytea, and does not
    // depend on the parsers of a pool that was handed in.
    const [row] = await query(
      `SELECT encode(bytes, 'base64') AS base64,
         last_used < now() - ${usePrecisionMs} * interval '1 millisecond' AS stale
       FROM ${this.#table} WHERE key = $1`,
      [key],
    );
    if (row === undefined) return undefined;
    return {
      bytes: Uint8Array.from(Buffer.from(String(row['base64']), 'base64')),
      isStale: row['stale'] === true,
    };
  }

  async put(query: Query, key: string, bytes: Uint8Array): Promise<void> {
    await query(
      `INSERT INTO ${this.#table} (key, size, bytes) VALUES ($1, $2, $3)
       ON CONFLICT (key) DO UPDATE SET size = excluded.size, created = excluded.created,
         last_used = excluded.last_used, bytes = excluded.bytes`,
      [key, bytes.byteLength, bytes],
    );
  }

  async delete(query: Query, key: string): Promise<void> {
    await query(`DELETE FROM ${this.#table} WHERE key = $1`, [key]);
  }

  /** Not TRUNCATE: that waits for every reader, and every reader for it. */
  async clear(query: Query): Promise<void> {
    await query(`DELETE FROM ${this.#table}`);
  }

  /** Rows that somebody else is at are left out, here and below: two of these cannot deadlock. */
  async writeUses(query: Query, keys: readonly string[]): Promise<void> {
    await query(
      `UPDATE ${this.#table} SET last_used = now() WHERE key IN
         (SELECT key FROM ${this.#table} WHERE key = ANY ($1) FOR UPDATE SKIP LOCKED)`,
      [keys],
    );
  }

  /** Deletes what was unused for too long, then the longest unused until the rest fits. */
  async prune(query: Query, retention: Retention): Promise<void> {
    await query(
      `DELETE FROM ${this.#table} WHERE key IN
         (SELECT key FROM ${this.#table}
          WHERE last_used < now() - $1::float8 * interval '1 millisecond'
          ORDER BY last_used LIMIT ${pruneRows} FOR UPDATE SKIP LOCKED)`,
      [retention.maxAgeMs],
    );
    if (!retention.counted(await this.#total(query))) return;
    await query(
      `WITH ranked AS (
         SELECT key, row_number() OVER latest AS place, sum(size) OVER latest AS upto
         FROM ${this.#table} WINDOW latest AS (ORDER BY last_used DESC, key DESC)
       )
       DELETE FROM ${this.#table} WHERE key IN
         (SELECT stored.key FROM ${this.#table} AS stored JOIN ranked ON ranked.key = stored.key
          WHERE place > 1 AND upto > $1
          ORDER BY upto DESC LIMIT ${pruneRows} FOR UPDATE OF stored SKIP LOCKED)`,
      [retention.keptBytes],
    );
    retention.counted(await this.#total(query));
  }

  async #total(query: Query): Promise<number> {
    const [row] = await query(`SELECT coalesce(sum(size), 0) AS total FROM ${this.#table}`);
    return Number(row?.['total']);
  }
}
