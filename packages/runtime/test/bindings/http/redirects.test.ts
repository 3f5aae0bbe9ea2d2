import { beforeEach, describe, expect, test } from 'vitest';
import { http } from '../../../src/bindings/index.ts';
import {
  outcome,
  toLoopback,
  useHttpServer,
  type SeenRequest,
} from '../../support/http-servers.ts';
import { useRuntime } from '../../support/runtime.ts';

/** Requests in order, with the name that they were sent to. */
const seen: (SeenRequest & { host: string })[] = [];
beforeEach(() => void (seen.length = 0));

/** `/302?to=…` redirects there, `/chain?n=3` three times, `/loop` to itself. */
const server = useHttpServer((request, response) => {
  seen.push({ ...request, host: (request.headers.host ?? '').split(':')[0]! });
  const url = new URL(request.url ?? '', 'http://x');
  const left = Number(url.searchParams.get('n'));
  const status = Number(url.pathname.slice(1, 4));
  response.setHeader('content-type', 'text/plain');
  if (status > 0) {
    const to = url.searchParams.get('to');
    response.writeHead(status, { 'set-cookie': 'hop=1', ...(to === null ? {} : { location: to }) });
  } else if (url.pathname === '/loop') response.writeHead(302, { location: '/loop' });
  else if (left > 0) response.writeHead(307, { location: `?n=${left - 1}` });
  response.end('end');
});

const binding = http({
  allow: [
    'a.test',
    'b.test',
    { host: 'read-only.test', methods: ['GET'] },
    { host: 'https-only.test', scheme: 'https' },
    { host: 'public-name.test' },
  ],
  deny: [{ host: 'b.test', port: 1 }],
  allowPrivate: ['a.test', 'b.test', 'read-only.test', 'https-only.test'],
  lookup: toLoopback,
  limits: { maxRedirects: 4 },
});

describe('a redirect', () => {
  const runtime = useRuntime({ bindings: [binding] });
  const run = async (call: string): Promise<Record<string, unknown>> => {
    const { port } = server();
    const { output } = await runtime().execute(
      `${outcome} const { port, a, b } = ctx.input;
       const via = (status, to) => a + '/' + status + '?to=' + encodeURIComponent(to);
       const { stack, ...rest } = await outcome(sdk.http.${call}); return rest;`,
      { port, a: `http://a.test:${port}`, b: `http://b.test:${port}` },
    );
    return output;
  };

  test.each([301, 302, 303, 307, 308])('with status %i is followed', async (status) => {
    const { port } = server();
    expect(await run(`get(via(${status}, 'next?x=1#part'))`)).toMatchObject({
      status: 200,
      body: 'end',
      redirected: true,
      url: `http://a.test:${port}/next?x=1`,
    });
  });

  test.each([300, 304, 305, 306])('is not what status %i is', async (status) => {
    expect(await run(`get(via(${status}, '/next'))`)).toMatchObject({ status, redirected: false });
  });

  test('without a location is an answer', async () => {
    expect(await run(`get(a + '/302')`)).toMatchObject({
      status: 302,
      body: 'end',
      redirected: false,
    });
  });

  test.each([
    ['post', 301, 'GET', ''],
    ['post', 302, 'GET', ''],
    ['post', 303, 'GET', ''],
    ['post', 307, 'POST', 'body'],
    ['post', 308, 'POST', 'body'],
    ['put', 301, 'PUT', 'body'],
    ['put', 303, 'GET', ''],
  ])('of %s with %i becomes %s', async (method, status, then, body) => {
    await run(`${method}(via(${status}, b + '/'), 'body')`);
    expect(seen[1]).toMatchObject({ method: then, body, host: 'b.test' });
    const type = seen[1]!.headers['content-type'];
    expect(type).toBe(body === '' ? undefined : 'text/plain;charset=UTF-8');
  });

  test('of HEAD stays HEAD', async () => {
    await run(`head(via(303, '/'))`);
    expect(seen[1]).toMatchObject({ method: 'HEAD' });
  });

  test('is followed as often as is allowed', async () => {
    expect(await run(`get(a + '/?n=4')`)).toMatchObject({ status: 200, redirected: true });
    expect(await run(`get(a + '/?n=5')`)).toMatchObject({ code: 'too_many_redirects' });
    expect(await run(`get(a + '/loop')`)).toMatchObject({ code: 'too_many_redirects' });
    expect(await run(`get(a + '/?n=3', { maxRedirects: 2 })`)).toMatchObject({
      code: 'too_many_redirects',
    });
    expect(await run(`get(a + '/?n=5', { maxRedirects: 9 })`)).toMatchObject({
      code: 'too_many_redirects',
    });
    expect(seen).toHaveLength(5 + 5 + 5 + 3 + 5);
  });

  test('is the answer, or an error, if the script wants', async () => {
    expect(await run(`get(via(302, '/next'), { redirect: 'manual' })`)).toMatchObject({
      status: 302,
      headers: { location: '/next' },
      body: 'end',
      redirected: false,
    });
    expect(await run(`get(via(302, '/next'), { redirect: 'error' })`)).toMatchObject({
      code: 'redirect_refused',
    });
    expect(seen).toHaveLength(2);
  });

  test.each([
    [`get(via(302, 'http://other.test:' + port))`, 'blocked_host'],
    [`get(via(302, 'http://b.test:1'))`, 'blocked_host'],
    [`get(via(302, 'http://b.test:25'))`, 'blocked_host'],
    [`get(via(302, 'http://https-only.test:' + port))`, 'blocked_host'],
    [`post(via(307, 'http://read-only.test:' + port), 'x')`, 'blocked_host'],
    [`get(via(302, 'file:///etc/passwd'))`, 'blocked_host'],
    [`get(via(302, 'data:text/plain,x'))`, 'blocked_host'],
    [`get(via(302, 'javascript:1'))`, 'blocked_host'],
    [`get(via(302, 'http://user:pass@b.test:' + port))`, 'invalid_url'],
    [`get(via(302, 'http://'))`, 'invalid_url'],
    [`get(via(302, 'http://[::1'))`, 'invalid_url'],
    [`get(via(302, 'http://public-name.test:' + port))`, 'blocked_address'],
    [`get(via(302, '//127.0.0.1:' + port))`, 'blocked_host'],
    [`get(via(302, b + '/302?to=http://public-name.test'))`, 'blocked_address'],
  ])('is checked like any request: %s is %s', async (call, code) => {
    expect(await run(call)).toMatchObject({ code });
    expect(seen.every(({ host }) => ['a.test', 'b.test'].includes(host))).toBe(true);
  });

  test('may lead where its method is allowed', async () => {
    expect(await run(`post(via(303, 'http://read-only.test:' + port), 'x')`)).toMatchObject({
      status: 200,
    });
  });

  const given = `{ headers: {
    authorization: 'Bearer mine', Cookie: 'a=1', 'X-Api-Key': 'k', 'proxy': 'p', accept: 'text/x', 'accept-language': 'de', 'user-agent': 'me',
  } }`;

  test('to the same origin keeps the headers', async () => {
    await run(`get(via(302, '/next'), ${given})`);
    expect(seen[1]!.headers).toMatchObject({
      authorization: 'Bearer mine',
      cookie: 'a=1',
      'x-api-key': 'k',
      accept: 'text/x',
    });
  });

  test.each([
    ['host', `via(302, b)`],
    ['port', `via(302, 'http://a.test:' + ctx.input.other)`],
  ])('to another %s takes no header along that says who asks', async (_what, url) => {
    const { port } = server();
    const { port: otherPort } = other();
    const { output } = await runtime().execute(
      `${outcome} const { port, a, b } = ctx.input;
       const via = (status, to) => a + '/' + status + '?to=' + encodeURIComponent(to);
       return await outcome(sdk.http.get(${url}, ${given}))`,
      { port, other: otherPort, a: `http://a.test:${port}`, b: `http://b.test:${port}` },
    );
    expect(output).toMatchObject({ status: 200, redirected: true });
    const { headers } = seen[1]!;
    expect(Object.keys(headers).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'accept-language',
      'connection',
      'host',
      'user-agent',
    ]);
    expect(headers).toMatchObject({
      accept: 'text/x',
      'accept-language': 'de',
      'user-agent': 'me',
    });
  });

  test('that comes back does not bring the headers back', async () => {
    const { port } = server();
    const back = `http://b.test:${port}/302?to=${encodeURIComponent(`http://a.test:${port}/end`)}`;
    await run(`get(via(302, ${JSON.stringify(back)}), ${given})`);
    expect(seen.map(({ host }) => host)).toEqual(['a.test', 'b.test', 'a.test']);
    expect(seen[2]!.headers).not.toHaveProperty('authorization');
    expect(seen[2]!.headers).not.toHaveProperty('cookie');
  });

  test('has its cookies kept by nobody', async () => {
    await run(`get(via(302, '/next'))`);
    await run(`get(a + '/')`);
    expect(seen.filter(({ headers }) => headers.cookie !== undefined)).toEqual([]);
  });
});

const other = useHttpServer((request, response) => {
  seen.push({ ...request, host: 'other port' });
  response.end();
});
