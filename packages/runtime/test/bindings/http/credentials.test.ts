import { beforeEach, describe, expect, test } from 'vitest';
import { BindingError, http } from '../../../src/bindings/index.ts';
import type { BindingCall } from '../../../src/index.ts';
import {
  outcome,
  toLoopback,
  useHttpServer,
  type SeenRequest,
} from '../../support/http-servers.ts';
import { failure, useRuntime } from '../../support/runtime.ts';

const seen: SeenRequest[] = [];
const asked: [tenant: string, name: string][] = [];
beforeEach(() => void ([seen.length, asked.length] = [0, 0]));

/** Shows whoever asks what it was sent; `?to=` redirects. */
const server = useHttpServer((request, response) => {
  seen.push(request);
  const to = new URL(request.url ?? '', 'http://x').searchParams.get('to');
  if (to !== null) response.writeHead(302, { location: to });
  else response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(request.headers));
});

const token = 'Bearer token-of-the-host';
const secrets: Readonly<Record<string, string>> = {
  stripe: 'sk_live_123456',
  broken: 'two\r\nlines-of-a-secret',
};

/** Bindings for a port that is known only once the server listens. */
function bindingFor(port: number) {
  return http({
    allow: ['a.test', 'b.test', { host: 'get.test', methods: ['GET'] }],
    allowPrivate: ['a.test', 'b.test', 'get.test'],
    lookup: toLoopback,
    credentials: {
      [`http://a.test:${port}`]: {
        headers: { Authorization: token, 'X-Account': 'acme-77 north' },
      },
      [`http://get.test:${port}`]: async (call) => {
        asked.push([call.tenant.id, 'credentials']);
        await Promise.resolve();
        if (call.tenant.id === 'none') return undefined;
        if (call.tenant.id === 'split') return { authorization: 'split\r\nof-the-host' };
        if (call.tenant.id === 'other') return { host: 'of-the-host' };
        return { authorization: `Bearer token-of-${call.tenant.id}` };
      },
    },
    secrets: (call: BindingCall, name) => {
      asked.push([call.tenant.id, name]);
      if (name === 'forbidden') throw new BindingError('not for you', { code: 'secret_denied' });
      if (name === 'fails') throw new Error('vault at 10.0.0.9 is sealed');
      return Promise.resolve(secrets[name]);
    },
  });
}

describe('credentials', () => {
  // The port is chosen by the system; the runtime is made when it is known.
  const runtime = useRuntime({
    get bindings() {
      return [bindingFor(server().port)];
    },
    limits: { apiCalls: 1000 },
  });
  const run = async (source: string, tenant = 't1') => {
    const { port } = server();
    const input = {
      port,
      a: `http://a.test:${port}/`,
      b: `http://b.test:${port}/`,
      get: `http://get.test:${port}/`,
    };
    return runtime().execute(
      `${outcome} const { port, a, b, get } = ctx.input; const { http } = sdk;
       const to = (url) => a + '?to=' + encodeURIComponent(url); ${source}`,
      input,
      { tenant: { id: tenant } },
    );
  };

  test('are sent to their origin, in place of what the script gave', async () => {
    await run(`await http.get(a, { headers: { AUTHORIZATION: 'mine', 'x-other': 'x' } })`);
    expect(seen[0]!.headers).toMatchObject({
      authorization: token,
      'x-account': 'acme-77 north',
      'x-other': 'x',
    });
  });

  test.each([
    ['another host', `http.get(b)`],
    ['another port', `outcome(http.get('http://a.test:1'))`],
    ['another scheme', `outcome(http.get(a.replace('http:', 'https:'), { timeoutMs: 300 }))`],
    ['another host after a redirect', `http.get(to(b))`],
    ['its origin after a redirect there and back', `http.get(to(b + '?to=' + a))`],
    ['its origin after a redirect from elsewhere', `http.get(b + '?to=' + a)`],
  ])('are not sent to %s', async (_where, call) => {
    const { output } = await run(`return await ${call}`);
    const [first, ...rest] = seen;
    const others = first?.headers.host?.startsWith('a.') === true ? rest : seen;
    for (const { headers } of others) {
      expect(headers).not.toHaveProperty('authorization');
      expect(headers).not.toHaveProperty('x-account');
    }
    expect(JSON.stringify(output)).not.toContain('token-of-the-host');
  });

  test('go along a redirect within their origin', async () => {
    await run(`await http.get(to('/next'))`);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([token, token]);
  });

  test('are in no answer and no error, unless the server says them', async () => {
    const { output } = await run(`
      const all = [];
      all.push(await http.get(to('/x'), { redirect: 'manual' }));
      all.push(await http.head(a));
      for (const options of [{ redirect: 'error' }, { maxRedirects: 0 }, { responseType: 'json' }]) {
        const error = await outcome(http.get(to('http://get.test:' + port + '/?to=%20'), options));
        all.push(error, error.stack, Object.getOwnPropertyNames(error));
      }
      all.push(await outcome(http.get(to('ftp://x'))), await outcome(http.get(to('http://c.test'))));
      return JSON.stringify(all)`);
    expect(JSON.stringify(output)).not.toMatch(/token-of|acme-77/);
  });

  test('that a server says are masked in logs and errors of the run', async () => {
    const { logs } = await run(`
      const { body } = await http.get(a);
      console.log('got', body, body.authorization, body.authorization.slice(7))`);
    expect(JSON.stringify(logs)).toContain('***');
    expect(JSON.stringify(logs)).not.toMatch(/token-of-the-host|acme-77/);
    const error = await failure(
      run(`const { body } = await http.get(a); throw new Error(body.authorization)`),
    );
    expect(error.message + error.stack).not.toContain('token-of-the-host');
  });

  test('of a function are those of the tenant', async () => {
    await run(`await http.get(get)`, 'ann');
    await run(`await http.get(get)`, 'bob');
    await run(`await http.get(get)`, 'none');
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-of-ann',
      'Bearer token-of-bob',
      undefined,
    ]);
  });

  test('are not asked for when the request is not allowed', async () => {
    const { output } = await run(`return [
      await outcome(http.post(get, 'x')), await outcome(http.get('http://c.test/', { headers: { a: { secret: 'stripe' } } })),
    ].map(({ code }) => code)`);
    expect(output['value']).toEqual(['blocked_host', 'blocked_host']);
    expect([seen, asked]).toEqual([[], []]);
  });

  test.each(['split', 'other'])('that cannot be sent fail without being shown', async (tenant) => {
    const { output } = await run(`return await outcome(http.get(get))`, tenant);
    expect(output).toMatchObject({ code: 'binding_failed' });
    expect(JSON.stringify(output)).not.toContain('of-the-host');
    expect(seen).toEqual([]);
  });
});

describe('secrets', () => {
  const runtime = useRuntime({
    get bindings() {
      return [bindingFor(server().port), http0];
    },
  });
  const http0 = {
    ...http({ allow: ['a.test'], allowPrivate: ['a.test'], lookup: toLoopback }),
    name: 'http0',
  };
  const run = async (source: string) => {
    const { port } = server();
    const input = { a: `http://a.test:${port}/`, b: `http://b.test:${port}/` };
    return runtime().execute(
      `${outcome} const { a, b } = ctx.input; const { http, http0 } = sdk; ${source}`,
      input,
    );
  };
  const header = `{ headers: { 'x-key': { secret: 'stripe', prefix: 'Key ' } } }`;

  test('are put into headers by the host', async () => {
    const { logs } = await run(`
      const { body } = await http.get(b, ${header});
      console.log(body['x-key'])`);
    expect(seen[0]!.headers['x-key']).toBe('Key sk_live_123456');
    expect(asked).toEqual([['default', 'stripe']]);
    expect(logs[0]!.message).toBe('Key ***');
  });

  test('follow no redirect to another origin', async () => {
    await run(`await http.get(b + '?to=/next', ${header})`);
    await run(`await http.get(b + '?to=' + a, ${header})`);
    expect(seen.map(({ headers }) => headers['x-key'])).toEqual([
      'Key sk_live_123456',
      'Key sk_live_123456',
      'Key sk_live_123456',
      undefined,
    ]);
  });

  test.each([
    ['http', 'unheard-of', 'unknown_secret'],
    ['http0', 'stripe', 'unknown_secret'],
    ['http', 'forbidden', 'secret_denied'],
    ['http', 'fails', 'binding_failed'],
    ['http', 'broken', 'invalid_header'],
  ])('%s: %s is %s', async (binding, name, code) => {
    const { output } = await run(
      `return await outcome(${binding}.get(a, { headers: { x: { secret: '${name}' } } }))`,
    );
    expect(output).toMatchObject({ code });
    expect(JSON.stringify(output)).not.toMatch(/10\.0|lines-of-a-secret/);
    expect(seen).toEqual([]);
  });
});

describe('two tenants that use the binding at once', () => {
  const sockets = new Map<number | undefined, Set<string>>();
  const echo = useHttpServer((request, response) => {
    const key = request.headers['x-tenant'];
    response.setHeader('set-cookie', `session=${String(key)}`);
    response.setHeader('content-type', 'application/json');
    // A moment, so that requests overlap.
    setTimeout(() => response.end(JSON.stringify(request.headers)), 2);
    const port = response.socket?.remotePort;
    sockets.set(port, (sockets.get(port) ?? new Set()).add(String(key)));
  });
  const runtime = useRuntime({
    get bindings() {
      return [
        http({
          allow: ['a.test'],
          allowPrivate: ['a.test'],
          lookup: toLoopback,
          credentials: {
            [`http://a.test:${echo().port}`]: (call) => ({ authorization: `of ${call.tenant.id}` }),
          },
        }),
      ];
    },
    limits: { apiCalls: 1000 },
  });

  test('never get credentials, cookies or connections of one another', async () => {
    const source = `
      const get = () => sdk.http.get(ctx.input.url, { headers: { 'x-tenant': ctx.tenant.id } });
      const all = [];
      for (let i = 0; i < 10; i++) all.push(...(await Promise.all(Array.from({ length: 10 }, get))));
      return all.map(({ body }) => [body.authorization, body['x-tenant'], body.cookie ?? null]);`;
    const url = `http://a.test:${echo().port}/`;
    const results = await Promise.all(
      ['ann', 'bob', 'ann', 'bob'].map(async (id) => {
        const { output } = await runtime().execute(source, { url }, { tenant: { id } });
        return [id, output['value']] as const;
      }),
    );
    for (const [id, list] of results) {
      expect(list).toEqual(Array.from({ length: 100 }, () => [`of ${id}`, id, null]));
    }
    expect([...sockets.values()].filter((tenants) => tenants.size > 1)).toEqual([]);
    // Connections were indeed used again.
    expect(sockets.size).toBeLessThan(200);
    expect(sockets.size).toBeGreaterThan(1);
  });
});
