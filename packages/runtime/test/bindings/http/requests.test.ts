import { describe, expect, test } from 'vitest';
import { http } from '../../../src/bindings/index.ts';
import type { Json } from '../../../src/index.ts';
import {
  outcome,
  toLoopback,
  useHttpServer,
  type SeenRequest,
} from '../../support/http-servers.ts';
import { realms, useRuntime } from '../../support/runtime.ts';

/** The requests that the server got. */
const seen: SeenRequest[] = [];

const server = useHttpServer((request, response) => {
  seen.push(request);
  const [path = ''] = (request.url ?? '').split('?');
  const answers: Readonly<Record<string, [type: string | undefined, body: string | Buffer]>> = {
    '/json': ['application/json; charset=utf-8', '{"a":[1,{"__proto__":2}]}'],
    '/problem': ['application/problem+json', '{"title":"no"}'],
    '/broken-json': ['application/json', '{"a":'],
    '/deep-json': ['application/json', '['.repeat(500_000) + ']'.repeat(500_000)],
    '/deep-text': ['application/json', JSON.stringify('['.repeat(5000) + '\\"')],
    '/empty-json': ['application/json', ''],
    '/text': ['text/plain', 'Größe'],
    '/latin': ['text/html; charset="iso-8859-1"', Buffer.from([0x47, 0x72, 0xf6])],
    '/unknown-charset': ['text/plain; charset=klingon', 'ö'],
    '/bytes': ['image/png', Buffer.from([0, 255, 128])],
    '/untyped': [undefined, 'plain'],
    '/404': ['text/plain', 'gone'],
  };
  const [type, body] = answers[path] ?? ['text/plain', 'ok'];
  if (type !== undefined) response.setHeader('content-type', type);
  response.setHeader('x-twice', ['1', '2']);
  response.setHeader('set-cookie', ['a=1', 'b=2']);
  response.writeHead(path === '/404' ? 404 : 200);
  response.end(request.method === 'HEAD' ? undefined : body);
});

const options = { allow: ['api.test'], allowPrivate: ['api.test'], lookup: toLoopback };

describe.each(realms)('sdk.http in a %s realm', (realm) => {
  const runtime = useRuntime({ bindings: [http(options)], realm });
  const run = async (source: string): Promise<Json | undefined> => {
    seen.length = 0;
    const input = { at: `http://api.test:${server().port}` };
    const result = await runtime().execute(`const { at } = ctx.input; ${outcome} ${source}`, input);
    return result.output['value'] ?? result.output;
  };
  const at = (path: string): string => `http://api.test:${server().port}${path}`;

  test('gives status, headers, body and URL', async () => {
    expect(await run(`return await sdk.http.get(at + '/text#part')`)).toMatchObject({
      status: 200,
      ok: true,
      headers: { 'content-type': 'text/plain', 'x-twice': '1, 2', 'set-cookie': ['a=1', 'b=2'] },
      body: 'Größe',
      url: at('/text'),
      redirected: false,
    });
  });

  test('does not call an error of the server one of the script', async () => {
    expect(await run(`return await sdk.http.get(at + '/404')`)).toMatchObject({
      status: 404,
      ok: false,
      body: 'gone',
    });
  });

  test.each<[string, Json]>([
    ['/json', { a: [1, JSON.parse('{"__proto__":2}') as Json] }],
    ['/problem', { title: 'no' }],
    ['/empty-json', null],
    ['/deep-text', '['.repeat(5000) + '\\"'],
    ['/text', 'Größe'],
    ['/latin', 'Grö'],
    ['/unknown-charset', 'ö'],
    ['/bytes', 'AP+A'],
    ['/untyped', 'cGxhaW4='],
  ])('reads %s by its content type', async (path, body) => {
    const answer = await run(`return await sdk.http.get(at + ${JSON.stringify(path)})`);
    expect((answer as { body: Json }).body).toEqual(body);
  });

  test.each<[string, string, Json]>([
    ['/json', 'text', '{"a":[1,{"__proto__":2}]}'],
    ['/json', 'base64', Buffer.from('{"a":[1,{"__proto__":2}]}').toString('base64')],
    ['/untyped', 'text', 'plain'],
  ])('reads %s as %s when it is told to', async (path, responseType, body) => {
    const given = JSON.stringify({ responseType });
    const answer = await run(`return await sdk.http.get(at + '${path}', ${given})`);
    expect((answer as { body: Json }).body).toEqual(body);
  });

  test.each(['/broken-json', '/deep-json'])('refuses %s', async (path) => {
    expect(await run(`return await outcome(sdk.http.get(at + '${path}'))`)).toMatchObject({
      code: 'invalid_response',
    });
  });

  test.each([
    [`get(at)`, 'GET', '', undefined],
    [`head(at)`, 'HEAD', '', undefined],
    [`delete(at, { json: [1] })`, 'DELETE', '[1]', 'application/json'],
    [`post(at, { a: 1 })`, 'POST', '{"a":1}', 'application/json'],
    [`post(at, [1])`, 'POST', '[1]', 'application/json'],
    [`post(at, false)`, 'POST', 'false', 'application/json'],
    [`post(at, 'text ö')`, 'POST', 'text ö', 'text/plain;charset=UTF-8'],
    [`post(at)`, 'POST', '', undefined],
    [
      `post(at, undefined, { form: { a: 1, b: ['x y', '&'] } })`,
      'POST',
      'a=1&b=x+y&b=%26',
      'application/x-www-form-urlencoded',
    ],
    [`put(at, null, { base64: 'AGE=' })`, 'PUT', '\0a', 'application/octet-stream'],
    [`patch(at, '<a/>', { headers: { 'Content-Type': 'text/xml' } })`, 'PATCH', '<a/>', 'text/xml'],
    [`request({ url: at, method: 'put', text: 'x' })`, 'PUT', 'x', 'text/plain;charset=UTF-8'],
    [`request({ url: at, method: 'OPTIONS' })`, 'OPTIONS', '', undefined],
    [`request({ url: at, method: 'POST', json: null })`, 'POST', 'null', 'application/json'],
    [`request({ url: new URL(at) })`, 'GET', '', undefined],
  ])('%s sends %s', async (call, method, body, contentType) => {
    await run(`await sdk.http.${call}`);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method, body });
    expect(seen[0]!.headers['content-type']).toBe(contentType);
  });

  test('sends headers and query', async () => {
    await run(`await sdk.http.get(at + '/p?x=%20', {
      headers: { 'X-One': 'a', 'x-two': 2 }, query: { q: 'ä&', n: [1, true] },
    })`);
    expect(seen[0]!.url).toBe('/p?x=%20&q=%C3%A4%26&n=1&n=true');
    expect(seen[0]!.headers).toMatchObject({
      'x-one': 'a',
      'x-two': '2',
      'user-agent': 'cloister',
      host: `api.test:${server().port}`,
    });
  });

  test('takes a signal', async () => {
    expect(
      await run(
        `return await outcome(sdk.http.get(at, { signal: AbortSignal.abort(new Error('mine')) }))`,
      ),
    ).toMatchObject({ message: 'mine' });
    expect(seen).toEqual([]);
  });

  test.each([
    [`get()`, 'invalid_arguments'],
    [`get(at, { timeout: 5 })`, 'invalid_arguments'],
    [`get(at, { json: 1 })`, 'invalid_arguments'],
    [`post(at, 'x', { form: {} })`, 'invalid_arguments'],
    [`post(at, null, { base64: '***' })`, 'invalid_arguments'],
    [`get('')`, 'invalid_url'],
    [`get('/path')`, 'invalid_url'],
    [`get('http://')`, 'invalid_url'],
    [`get('http://a..')`, 'invalid_url'],
    [`get(at.replace('//', '//user@'))`, 'invalid_url'],
    [`get(at.replace('//', '//:pass@'))`, 'invalid_url'],
    [`get(at + '/' + 'x'.repeat(9000))`, 'invalid_url'],
    [`get(at, { query: { x: 'x'.repeat(9000) } })`, 'request_too_large'],
    [`get(at, { query: { x: Array(9000).fill(1) } })`, 'request_too_large'],
    [`get(at, { headers: { x: 'x'.repeat(17_000) } })`, 'request_too_large'],
    [
      `get(at, { headers: Object.fromEntries(Array.from({ length: 65 }, (_, i) => ['x' + i, 1])) })`,
      'request_too_large',
    ],
    ...[
      'host',
      'Content-Length',
      'transfer-encoding',
      'Connection',
      'upgrade',
      'te',
      'trailer',
    ].map(forbidden),
    ...['proxy-authorization', 'Proxy-Connection', 'expect', 'keep-alive', ':path', 'a b', ''].map(
      forbidden,
    ),
    ...['a\\r\\nx: y', 'a\\nb', 'a\\rb', 'a\\0b', 'ł'].map(badValue),
  ])('%s is refused as %s', async (call, code) => {
    expect(await run(`return await outcome(sdk.http.${call})`)).toMatchObject({ code });
    expect(seen).toEqual([]);
  });
});

function forbidden(name: string): [string, string] {
  return [`get(at, { headers: { ${JSON.stringify(name)}: 'x' } })`, 'invalid_header'];
}

function badValue(value: string): [string, string] {
  return [`get(at, { headers: { x: '${value}' } })`, 'invalid_header'];
}
