import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** A throw-away Redis server of one test file, which keeps nothing on disk. */
export interface RedisServer extends AsyncDisposable {
  /** The URL of its first database, on a port of the loopback interface. */
  readonly url: string;
  /** Begins to serve again after `stop()`, with nothing in it. */
  start(): Promise<void>;
  /** Ends the server at once. */
  stop(): Promise<void>;
  /** Stops its process where it stands, until `resume()`: it takes connections and answers nothing. */
  pause(): void;
  resume(): void;
}

/** Whether there is a `redis-server`; where there is none, a note is printed. */
export const hasRedis: boolean = findRedis();

/** Starts a server; disposing of it ends it. */
export async function startRedis(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'cloister-redis-'));
  const server = new ThrowAwayRedis(folder, await freePort());
  await server.start();
  return server;
}

class ThrowAwayRedis implements RedisServer {
  readonly url: string;
  readonly #folder: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    const flags = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir'];
    const child = spawn('redis-server', ['--port', String(this.#port), ...flags, this.#folder], {
      stdio: 'ignore',
    });
    this.#process = child;
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
      await delay(20);
    }
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    const client = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.ping()) === 'PONG';
    } catch {
      return false;
    } finally {
      client.disconnect();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function findRedis(): boolean {
  if (spawnSync('redis-server', ['--version']).status === 0) return true;
  process.stderr.write('no Redis server was found: tests that need one are skipped\n');
  return false;
}
