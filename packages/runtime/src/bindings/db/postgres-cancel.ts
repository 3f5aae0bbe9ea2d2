import { connect } from 'node:net';
import type { PgClient, PgInternals } from './postgres-engine.ts';

/** Code of a cancellation in Postgres' protocol. */
const cancelRequest = 80_877_102;
const maxMs = 2_000;

/**
 * Asks the server, on a connection of its own, to end the statement that a client waits for. Resolves
 * when the server has taken that in, or cannot be asked. It is not encrypted, as with all clients of
 * Postgres until version 17: it holds a number and a key, which are worth nothing after this connection.
 */
export function cancelStatement(client: PgClient & PgInternals): Promise<void> {
  const { host, port, processID, secretKey } = client;
  if (typeof processID !== 'number' || typeof secretKey !== 'number') return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const message = Buffer.alloc(16);
  for (const [index, word] of [16, cancelRequest, processID, secretKey].entries()) {
    message.writeInt32BE(word, index * 4);
  }
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.setTimeout(maxMs, () => socket.destroy());
  socket.on('error', () => {});
  socket.on('close', () => resolve());
  // The server closes when it has passed the cancellation on.
  socket.resume();
  socket.write(message);
  return promise;
}
