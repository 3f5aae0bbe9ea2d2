import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { http } from '../../../src/bindings/index.ts';
import { createRuntime } from '../../../src/index.ts';
import { outcome, toLoopback, useRawServer } from '../../support/http-servers.ts';
import { useRuntime } from '../../support/runtime.ts';

const ok = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n';
const maxResponseBytes = 100_000;
const timeoutMs = 300;

/** Writes again and again, as fast as the other side reads, until that goes away. */
function flood(write: (text: string) => boolean, text: string): void {
  while (write(text));
}

const server = useRawServer((path, socket) => {
  const every = (ms: number, text: string): void => {
    const timer = setInterval(() => socket.write(text), ms);
    socket.on('close', () => clearInterval(timer));
  };
  const endlessly = (text: string): void => {
    const more = (): void => {
      if (socket.writable) flood((each) => socket.write(each), text);
    };
    socket.on('drain', more);
    more();
  };
  const start = (text: string): void => void socket.write(text);
  switch (path) {
    case '/never':
      break;
    case '/slow-headers':
      start('HTTP/1.1 200 OK\r\nx: ');
      every(10, 'x');
      break;
    case '/slow-body':
      start(`${ok}content-length: 100000\r\n\r\n`);
      every(10, 'x');
      break;
    case '/slow-chunks':
      start(`${ok}transfer-encoding: chunked\r\n\r\n`);
      every(10, '1\r\nx\r\n');
      break;
    case '/early-hints':
      every(1, 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n');
      break;
    case '/endless':
      start(`${ok}\r\n`);
      endlessly('x'.repeat(10_000));
      break;
    case '/endless-chunks':
      start(`${ok}transfer-encoding: chunked\r\n\r\n`);
      endlessly(`3e8\r\n${'x'.repeat(1000)}\r\n`);
      break;
    case '/endless-trailers':
      start(`${ok}transfer-encoding: chunked\r\n\r\n0\r\n`);
      endlessly('x: y\r\n'.repeat(1000));
      break;
    case '/endless-chunk-extension':
      start(`${ok}transfer-encoding: chunked\r\n\r\n1;`);
      endlessly('x'.repeat(10_000));
      break;
    case '/endless-headers':
      start('HTTP/1.1 200 OK\r\n');
      endlessly('x: y\r\n'.repeat(1000));
      break;
    case '/endless-header':
      start('HTTP/1.1 200 OK\r\nx: ');
      endlessly('x'.repeat(10_000));
      break;
    case '/endless-redirect':
      start('HTTP/1.1 302 Found\r\nlocation: /exact\r\ntransfer-encoding: chunked\r\n\r\n');
      endlessly(`3e8\r\n${'x'.repeat(1000)}\r\n`);
      break;
    case '/not-modified':
      socket.write('HTTP/1.1 304 Not Modified\r\ncontent-length: 999999999\r\n\r\n');
      break;
    case '/tiny-chunks':
      start(`${ok}transfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(2_000_000)}0\r\n\r\n`);
      break;
    case '/promises-much':
      start(`${ok}content-length: 100001\r\n\r\n`);
      break;
    case '/exact':
      socket.write(`${ok}content-length: 100000\r\n\r\n${'x'.repeat(maxResponseBytes)}`);
      break;
    case '/sends-less':
      socket.end(`${ok}content-length: 100\r\n\r\nx`);
      break;
    case '/sends-more':
      socket.write(`${ok}content-length: 2\r\n\r\nhello`);
      break;
    case '/sends-two':
      socket.write(
        `${ok}content-length: 2\r\n\r\nhe${ok}content-length: 8\r\nx-poison: 1\r\n\r\npoisoned`,
      );
      break;
    case '/cut-chunk':
      socket.end(`${ok}transfer-encoding: chunked\r\n\r\nff\r\nx`);
      break;
    case '/closes':
      socket.end();
      break;
    case '/closes-in-headers':
      socket.end('HTTP/1.1 200 OK\r\nx: y');
      break;
    case '/resets':
      socket.resetAndDestroy();
      break;
    case '/upgrades':
      socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
      break;
    default:
      socket.end(garbage[path] ?? `${ok}content-length: 2\r\n\r\nok`);
  }
});

const garbage: Readonly<Record<string, string>> = {
  '/other-protocol': 'SSH-2.0-OpenSSH_9.9\r\n',
  '/binary': '\0\x01\x02\xff'.repeat(100),
  '/html': '<html>hello</html>',
  '/bad-status': 'HTTP/1.1 abc OK\r\n\r\n',
  '/bad-version': 'HTTP/9.9 200 OK\r\n\r\n',
  '/bad-header': 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
  '/bad-chunk': `${ok}transfer-encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n`,
  '/two-lengths': `${ok}content-length: 2\r\ncontent-length: 3\r\n\r\nabc`,
  '/length-and-chunks': `${ok}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`,
  '/negative-length': `${ok}content-length: -1\r\n\r\nabc`,
  '/huge-length': `${ok}content-length: 99999999999999999999999\r\n\r\nabc`,
};

describe('a server that', () => {
  const bindings = [
    http({
      allow: ['api.test'],
      allowPrivate: ['api.test'],
      lookup: toLoopback,
      limits: { timeoutMs, maxResponseBytes },
    }),
  ];
  const runtime = useRuntime({ bindings });
  const get = async (...paths: string[]): Promise<unknown[]> => {
    const urls = paths.map((path) => `http://api.test:${server().port}${path}`);
    const { output } = await runtime().execute(
      `${outcome} const all = [];
       for (const url of ctx.input) all.push(await outcome(sdk.http.get(url)));
       return all.map(({ code, status, body, message }) => [code ?? status, body ?? message]);`,
      urls,
    );
    return output['value'] as unknown[];
  };

  test.each([
    ...['early-hints', 'endless-chunk-extension'].map(as('http_timeout')),
    ...['never', 'slow-headers', 'slow-body', 'slow-chunks'].map(as('http_timeout')),
    ...['endless', 'endless-chunks', 'endless-headers', 'endless-header'].map(
      as('response_too_large'),
    ),
    ...['promises-much', 'endless-trailers'].map(as('response_too_large')),
    ...['sends-less', 'cut-chunk', 'closes', 'closes-in-headers', 'resets', 'upgrades'].map(
      as('connection_failed'),
    ),
    ...Object.keys(garbage)
      .map((path) => path.slice(1))
      .map(as('invalid_response')),
  ])('answers %s gives %s in time, and its connection ends', async (path, code) => {
    const before = server().connections.length;
    const started = performance.now();
    const [[end, message] = []] = (await get(`/${path}`)) as [string, string][];
    expect(end).toBe(code);
    expect(performance.now() - started).toBeLessThan(timeoutMs + 1500);
    expect(message).not.toMatch(/127\.|llhttp|HPE|undici/i);
    expect(message).not.toContain(String(server().port));
    const [socket] = server().connections.slice(before);
    if (!socket!.closed) await once(socket!, 'close');
  });

  test('sends exactly what is allowed is heard out', async () => {
    expect(await get('/exact')).toEqual([[200, 'x'.repeat(maxResponseBytes)]]);
  });

  test('gives the length of a body that it does not send is heard out', async () => {
    expect(await get('/not-modified')).toEqual([[304, '']]);
    const url = `http://api.test:${server().port}/promises-much`;
    const { output } = await runtime().execute(`return await sdk.http.head('${url}')`);
    expect(output).toMatchObject({ status: 200, headers: { 'content-length': '100001' } });
  });

  test('sends a redirect with an endless body is not listened to', async () => {
    expect(await get('/endless-redirect')).toEqual([[200, 'x'.repeat(maxResponseBytes)]]);
  });

  test.each(['/sends-more', '/sends-two'])(
    'sends more than it says (%s) does not spoil the next answer',
    async (path) => {
      expect(await get(path, '/fine', path, '/fine')).toEqual([
        [200, 'he'],
        [200, 'ok'],
        [200, 'he'],
        [200, 'ok'],
      ]);
    },
  );

  test('does not exist is a connection that failed', async () => {
    const { output } = await runtime().execute(
      `${outcome} return await outcome(sdk.http.get('http://api.test:2/'))`,
    );
    expect(output).toMatchObject({
      code: 'connection_failed',
      message: 'sdk.http: the connection failed or broke off',
    });
    expect(output['stack']).not.toMatch(/ECONN|127\.0/);
  });
});

test('a server that sends a million tiny pieces fills no memory', async () => {
  const names = ['api.test'];
  const binding = http({ allow: names, allowPrivate: names, lookup: toLoopback });
  await using runtime = await createRuntime({ bindings: [binding], workers: 1, poolSize: 1 });
  const before = process.memoryUsage().heapUsed;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().heapUsed - before);
  }, 5);
  const { output } = await runtime.execute(
    `return (await sdk.http.get('http://api.test:${server().port}/tiny-chunks')).body.length`,
  );
  clearInterval(watch);
  expect(output['value']).toBe(2_000_000);
  expect(most).toBeLessThan(120_000_000);
});

describe('a look-up that', () => {
  test.each([
    ['fails', () => Promise.reject(new Error('getaddrinfo ENOTFOUND 10.0.0.53')), 'dns_failed'],
    ['finds nothing', () => Promise.resolve([]), 'dns_failed'],
    ['gives no addresses', () => Promise.resolve([{ address: 'x', family: 4 }]), 'dns_failed'],
    ['gives nonsense', () => Promise.resolve(null as never), 'dns_failed'],
    [
      'throws',
      () => {
        throw new Error('10.0.0.53');
      },
      'dns_failed',
    ],
    ['never ends', () => new Promise<never>(() => {}), 'http_timeout'],
  ])('%s is told as such, and no more', async (_how, lookup, code) => {
    const bindings = [http({ allow: ['*'], lookup, limits: { connectTimeoutMs: 50 } })];
    await using runtime = await createRuntime({ bindings, workers: 1, poolSize: 1 });
    const { output } = await runtime.execute(
      `${outcome} return await outcome(sdk.http.get('http://api.test/'))`,
    );
    expect(output).toMatchObject({ code });
    expect(JSON.stringify(output)).not.toContain('10.0');
  });
});

function as(code: string): (path: string) => [string, string] {
  return (path) => [path, code];
}
