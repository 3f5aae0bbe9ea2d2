/**
 * The thread of an SQLite store: carries out the requests of
 * {@link file://./thread-link.ts ThreadLink} in order, and ends after `close`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { failureKind, toStoreError } from './failure.ts';
import type { SqliteAnswer, SqliteOperation, SqliteRequest, SqliteSettings } from './messages.ts';
import { SqliteDatabase } from './sqlite-database.ts';

if (parentPort === null) throw new Error('this file runs in a thread of its own');
const port = parentPort;
const settings = workerData as SqliteSettings;
const database = new SqliteDatabase(settings);

port.on('message', ({ id, operation }: SqliteRequest) => {
  const answer = carryOut(id, operation);
  const handedOver = answer.type === 'done' && answer.bytes ? [answer.bytes.buffer] : [];
  port.postMessage(answer, handedOver as ArrayBuffer[]);
  if (operation.type === 'close') port.close();
});

function carryOut(id: number, operation: SqliteOperation): SqliteAnswer {
  try {
    return { id, type: 'done', bytes: perform(operation) };
  } catch (error) {
    const { code, message } = toStoreError(error, settings.file);
    const detail = error instanceof Error ? error.message : failureKind(error, settings.file);
    return { id, type: 'failed', code, message, detail };
  }
}

function perform(operation: SqliteOperation): Uint8Array<ArrayBuffer> | undefined {
  switch (operation.type) {
    case 'get':
      return database.get(operation.key);
    case 'put':
      database.put(operation.key, operation.bytes);
      return undefined;
    case 'delete':
      database.delete(operation.key);
      return undefined;
    case 'clear':
      database.clear();
      return undefined;
    case 'close':
      database.close();
      return undefined;
    default:
      return operation satisfies never;
  }
}
