import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { BindingError } from '../../bindings.ts';
import { CloisterError } from '../../errors.ts';
import { loadDriver } from '../../load-driver.ts';
import { redisScripts, type ScriptName } from './redis-scripts.ts';

/** What a script of ours gives back. */
export type ScriptAnswer = string | number | null;

/** How much longer than one command Redis may be silent before the connection is made anew. */
const silence = 4;

/**
 * One connection, made with the first command and again whenever it was lost. A command that was sent
 * and not answered is never sent again. Owned by one cache.
 */
export class RedisConnection {
  readonly #url: string;
  readonly #timeoutMs: number;
  #client: Promise<Redis> | undefined;
  #isClosed = false;

  constructor(url: string, timeoutMs: number) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs a script.
   * @throws {BindingError} `cache_unavailable` where Redis did not do it in time; the cause is for the host.
   * @throws {CloisterError} `invalid_options` where ioredis is not installed.
   */
  async run(
    name: ScriptName,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<ScriptAnswer> {
    if (this.#isClosed) throw unavailable(new Error('the cache is closed'));
    this.#client ??= createClient(this.#url, this.#timeoutMs);
    const client = await this.#client;
    const rest = [String(keys.length), ...keys, ...args] as const;
    try {
      await this.#ready(client);
      return (await client.call('EVALSHA', digests[name], ...rest)) as ScriptAnswer;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) {
        throw unavailable(error);
      }
    }
    try {
      return (await client.call('EVAL', redisScripts[name], ...rest)) as ScriptAnswer;
    } catch (error) {
      throw unavailable(error);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const client = await this.#client?.catch(() => {});
    client?.disconnect();
  }

  /** Commands do not queue in the driver, which would send them when nobody waits for them any more. */
  async #ready(client: Redis): Promise<void> {
    if (client.status === 'ready') return;
    if (client.status === 'wait') client.connect().catch(() => {});
    await once(client, 'ready', { signal: AbortSignal.timeout(this.#timeoutMs) });
  }
}

const digests = Object.fromEntries(
  Object.entries(redisScripts).map(([name, lua]) => [
    name,
    createHash('sha1').update(lua).digest('hex'),
  ]),
) as Record<ScriptName, string>;

async function createClient(url: string, timeoutMs: number): Promise<Redis> {
  const { Redis: Client } = await loadDriver(
    'ioredis',
    () => import('ioredis'),
    (problem, cause) =>
      new CloisterError('invalid_options', `a cache in Redis ${problem}`, { cause }),
  );
  const client = new Client(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    socketTimeout: timeoutMs * silence,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(times * 100, 2_000),
    connectionName: 'cloister',
  });
  // Without a listener the driver prints; what fails for it, the command of somebody fails for.
  client.on('error', () => {});
  client.setMaxListeners(0);
  return client;
}

function unavailable(cause: unknown): BindingError {
  return new BindingError('the cache cannot be reached', { code: 'cache_unavailable', cause });
}
