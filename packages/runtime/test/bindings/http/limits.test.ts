import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { http, type HttpLimits } from '../../../src/bindings/index.ts';
import { createRuntime, type Binding, type Runtime } from '../../../src/index.ts';
import { outcome, toLoopback, useHttpServer } from '../../support/http-servers.ts';

/** Requests that the server has begun with, and the most that there were at a time. */
const together = { now: 0, most: 0, total: 0 };
/** Answers that wait for the test to let them go. */
const held: ServerResponse[] = [];
const lengths: number[] = [];

const server = useHttpServer((request, response) => {
  together.total++;
  together.most = Math.max(together.most, ++together.now);
  response.on('close', () => together.now--);
  lengths.push(request.body.length);
  if (request.url === '/hold') held.push(response);
  else setTimeout(() => response.end('ok'), 5);
});

beforeEach(() => {
  Object.assign(together, { now: 0, most: 0, total: 0 });
  held.length = 0;
  lengths.length = 0;
});

let runtime: Runtime | undefined;
afterEach(async () => runtime?.shutdown({ graceMs: 0 }));

async function start(limits: Partial<HttpLimits>): Promise<Binding> {
  const names = ['a.test', 'b.test', 'c.test'];
  const binding = http({ allow: names, allowPrivate: names, lookup: toLoopback, limits });
  runtime = await createRuntime({
    bindings: [binding],
    workers: 1,
    poolSize: 1,
    limits: { apiCalls: 1000 },
  });
  return binding;
}

async function run(source: string, tenant = 't'): Promise<unknown> {
  const { output } = await runtime!.execute(
    `${outcome} const { port } = ctx.input; const at = (name, path = '/') => 'http://' + name + '.test:' + port + path;
     const times = (n, make) => Promise.all(Array.from({ length: n }, (_, i) => outcome(make(i))));
     const summary = (all) => all.map(({ code, status }) => code ?? status);
     ${source}`,
    { port: server().port },
    { tenant: { id: tenant } },
  );
  return output['value'];
}

describe('requests at a time', () => {
  test.each<[keyof HttpLimits, string]>([
    ['maxConcurrent', `at('abc'[i % 3])`],
    ['maxConcurrentPerTenant', `at('abc'[i % 3])`],
    ['maxConnectionsPerHost', `at('a')`],
  ])('are bounded by %s', async (limit, url) => {
    await start({ [limit]: 4 });
    const codes = await run(`return summary(await times(40, (i) => sdk.http.get(${url})))`);
    expect(codes).toEqual(Array(40).fill(200));
    expect(together).toMatchObject({ most: 4, total: 40 });
  });

  test('to one host are bounded for all tenants together, and not for other hosts', async () => {
    await start({ maxConnectionsPerHost: 3 });
    await Promise.all(
      ['t1', 't2', 't3'].map((tenant) =>
        run(`await times(10, () => sdk.http.get(at('a')))`, tenant),
      ),
    );
    expect(together.most).toBe(3);
    await run(`await times(30, (i) => sdk.http.get(at('abc'[i % 3])))`);
    expect(together.most).toBe(9);
  });

  test('do not pass their time waiting for ever', async () => {
    await start({ maxConnectionsPerHost: 1 });
    const codes = await run(
      `return summary(await times(3, () => sdk.http.get(at('a', '/hold'), { timeoutMs: 100 })))`,
    );
    expect(codes).toEqual(Array(3).fill('http_timeout'));
    expect(together.total).toBe(1);
  });

  test('give their place back when they are given up', async () => {
    await start({ maxConnectionsPerHost: 1 });
    const codes = await run(`
      const c = new AbortController();
      const all = times(5, () => sdk.http.get(at('a', '/hold'), { signal: c.signal }));
      setTimeout(() => c.abort(), 50);
      await all;
      return summary([await sdk.http.get(at('a'))])`);
    expect(codes).toEqual([200]);
  });
});

describe('a request', () => {
  test('is bounded in time by the embedder, and further by the script', async () => {
    await start({ timeoutMs: 200 });
    const started = performance.now();
    const codes = await run(`return summary([
      await outcome(sdk.http.get(at('a', '/hold'), { timeoutMs: 50 })),
      await outcome(sdk.http.get(at('a', '/hold'), { timeoutMs: 60_000 })),
    ])`);
    expect(codes).toEqual(['http_timeout', 'http_timeout']);
    expect(performance.now() - started).toBeGreaterThanOrEqual(240);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('is bounded in size, whatever its body is', async () => {
    await start({ maxRequestBytes: 1000 });
    const codes = await run(`
      const { http } = sdk; const x = 'x'.repeat(1000);
      return summary([
        await outcome(http.post(at('a'), x)), await outcome(http.post(at('a'), x + 'x')),
        await outcome(http.post(at('a'), 'ä'.repeat(501))), await outcome(http.post(at('a'), [x])),
        await outcome(http.post(at('a'), null, { form: { x } })),
        await outcome(http.post(at('a'), null, { base64: 'A'.repeat(1336) })),
      ])`);
    expect(codes).toEqual([200, ...Array<string>(5).fill('request_too_large')]);
    expect(lengths).toEqual([1000]);
  });

  test('ends when its run does', async () => {
    await start({});
    const abort = new AbortController();
    const ended = runtime!.execute(
      `await sdk.http.get('http://a.test:${server().port}/hold')`,
      {},
      { signal: abort.signal },
    );
    while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const closed = new Promise((resolve) => held[0]!.on('close', resolve));
    abort.abort();
    await expect(ended).rejects.toMatchObject({ code: 'cancelled' });
    await closed;
  });
});

describe('connections', () => {
  test('are used again, and closed with the runtime', async () => {
    const binding = await start({});
    const before = server().connections.length;
    await run(`for (let i = 0; i < 10; i++) await sdk.http.get(at('a'))`);
    const [socket, ...more] = server().connections.slice(before);
    expect(more).toEqual([]);
    const closed = new Promise((resolve) => socket!.on('close', resolve));
    await binding.close!();
    await closed;
  });

  test('are kept to a few origins', async () => {
    await start({});
    const names = Array.from({ length: 100 }, (_, i) => `n${i}.test`);
    const binding = http({ allow: ['*'], allowPrivate: names, lookup: toLoopback });
    await runtime!.shutdown();
    runtime = await createRuntime({ bindings: [binding], workers: 1, poolSize: 1 });
    const before = server().connections.length;
    await run(`for (let i = 0; i < 100; i++) await sdk.http.get(at('n' + i))`);
    const sockets = server().connections.slice(before);
    expect(sockets).toHaveLength(100);
    expect(sockets.filter(({ closed }) => !closed).length).toBeLessThan(70);
  });

  test('of one name are not used for another with the same address', async () => {
    await start({});
    const before = server().connections.length;
    await run(`for (let i = 0; i < 9; i++) await sdk.http.get(at('abc'[i % 3]))`);
    expect(server().connections.length - before).toBe(3);
  });

  test('do not go through proxies of the environment', async () => {
    const proxied = together.total;
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
    for (const name of names) process.env[name] = 'http://127.0.0.1:2';
    try {
      await start({});
      expect(await run(`return summary([await sdk.http.get(at('a'))])`)).toEqual([200]);
    } finally {
      for (const name of names) delete process.env[name];
    }
    expect(together.total).toBe(proxied + 1);
  });
});
