import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { afterAll, beforeAll } from 'vitest';

/** A server on a loopback port of its own. */
export interface TestServer {
  readonly port: number;
  /** Connections that it has taken so far. */
  readonly connections: readonly Socket[];
}

/** A request as a server got it. */
export interface SeenRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/**
 * An HTTP server for the tests of a file or a `describe`.
 * @returns a getter, since it listens only once the tests have begun.
 */
export function useHttpServer(
  handle: (request: SeenRequest, response: ServerResponse) => void,
): () => TestServer {
  return useServer(
    createServer((request, response) => {
      const { method, url, headers } = request;
      const chunks: Buffer[] = [];
      request.on('error', () => {});
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () =>
        handle({ method, url, headers, body: Buffer.concat(chunks).toString() }, response),
      );
    }),
  );
}

/** A server that may break every rule of HTTP: it is handed the socket when a request's headers are there. */
export function useRawServer(handle: (path: string, socket: Socket) => void): () => TestServer {
  return useServer(
    createTcpServer((socket) => {
      let received = '';
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        if (!received.includes('\r\n\r\n')) return;
        const [, path = ''] = received.split(' ');
        received = '';
        handle(path, socket);
      });
    }),
  );
}

function useServer(server: Server): () => TestServer {
  const connections: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    connections.push(socket);
    socket.on('error', () => {});
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of connections) socket.destroy();
    await closed;
  });
  return () => ({ port: (server.address() as AddressInfo).port, connections });
}

/** A look-up by which every name leads to the servers of the tests. */
export const toLoopback = (): Promise<{ address: string; family: number }[]> =>
  Promise.resolve([{ address: '127.0.0.1', family: 4 }]);

/** Script code: what a promise of `sdk.http` came to, or the code and message of its error. */
export const outcome = `const outcome = async (promise) => {
  try { return await promise } catch (e) { return { code: e.code, message: e.message, stack: e.stack } }
};`;
