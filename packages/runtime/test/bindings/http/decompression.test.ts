import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { http } from '../../../src/bindings/index.ts';
import { outcome, toLoopback, useHttpServer } from '../../support/http-servers.ts';
import { useRuntime } from '../../support/runtime.ts';

const maxResponseBytes = 200_000;
const text = 'Größe '.repeat(1000);
const encoders = {
  gzip: zlib.gzipSync,
  'x-gzip': zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
} as const;
const zeros = Buffer.alloc(100_000_000);
/** Two members in one stream. */
const twoMembers = Buffer.concat([zlib.gzipSync('one '), zlib.gzipSync('two')]);
/** Harmless, but for the 128 MiB that it says it needs. */
const wideWindow = zlib.createZstdCompress({
  params: { [zlib.constants.ZSTD_c_windowLog]: 27 },
});
wideWindow.end(text);

/** By path: the content-encoding, and the body. */
const bodies: Record<string, readonly [encoding: string, body: Buffer]> = {
  '/raw-deflate': ['deflate', zlib.deflateRawSync(text)],
  '/upper': ['GZIP', zlib.gzipSync(text)],
  '/identity': ['identity', Buffer.from(text)],
  '/twice': ['gzip, br', zlib.brotliCompressSync(zlib.gzipSync(text))],
  '/members': ['gzip', twoMembers],
  '/empty': ['gzip', Buffer.alloc(0)],
  '/exact': ['gzip', zlib.gzipSync(Buffer.alloc(maxResponseBytes, 'x'))],
  '/one-more': ['gzip', zlib.gzipSync(Buffer.alloc(maxResponseBytes + 1, 'x'))],
  '/thrice': ['gzip, gzip, gzip', zlib.gzipSync(zlib.gzipSync(zlib.gzipSync(text)))],
  '/nested-bomb': ['gzip, gzip', zlib.gzipSync(zlib.gzipSync(zeros))],
  '/unknown': ['compress', Buffer.from(text)],
  '/cut': ['gzip', zlib.gzipSync(randomBytes(1000)).subarray(0, 500)],
  '/not-gzip': ['gzip', Buffer.from(text)],
  '/not-br': ['br', Buffer.from(text)],
  '/not-zstd': ['zstd', Buffer.from(text)],
  '/wide-window': ['zstd', await buffer(wideWindow)],
};
for (const [encoding, encode] of Object.entries(encoders)) {
  bodies[`/${encoding}`] = [encoding, encode(text)];
  bodies[`/${encoding}-bomb`] = [encoding, encode(zeros)];
}

const accepted: unknown[] = [];
const server = useHttpServer(({ url = '', headers, method }, response) => {
  accepted.push(headers['accept-encoding']);
  const [encoding, body] = bodies[url]!;
  response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': encoding });
  response.end(method === 'HEAD' ? undefined : body);
});

describe('a compressed answer', () => {
  const bindings = [
    http({
      allow: ['api.test'],
      allowPrivate: ['api.test'],
      lookup: toLoopback,
      limits: { maxResponseBytes },
    }),
  ];
  const runtime = useRuntime({ bindings });
  const get = async (path: string, method = 'get'): Promise<[unknown, string]> => {
    const { output } = await runtime().execute(
      `${outcome} const { code, status, body } = await outcome(sdk.http.${method}(ctx.input.url));
       return [code ?? status, body ?? '']`,
      { url: `http://api.test:${server().port}${path}` },
    );
    return output['value'] as [unknown, string];
  };

  test.each([...Object.keys(encoders), 'raw-deflate', 'upper', 'identity', 'twice'])(
    'arrives as it was: %s',
    async (path) => {
      expect(await get(`/${path}`)).toEqual([200, text]);
    },
  );

  test('is asked for', async () => {
    accepted.length = 0;
    await get('/gzip');
    expect(accepted).toEqual(['gzip, deflate, br, zstd']);
  });

  test('may have several members, or nothing at all', async () => {
    expect(await get('/members')).toEqual([200, 'one two']);
    expect(await get('/empty')).toEqual([200, '']);
    expect(await get('/gzip', 'head')).toEqual([200, '']);
  });

  test('is bounded after decompression, to the byte', async () => {
    expect(await get('/exact')).toEqual([200, 'x'.repeat(maxResponseBytes)]);
    expect(await get('/one-more')).toEqual(['response_too_large', '']);
  });

  test.each([...Object.keys(encoders).map((name) => `${name}-bomb`), 'nested-bomb'])(
    'that is a bomb (%s) takes neither memory nor time',
    async (path) => {
      // Less than the bound as it comes, or it proves nothing.
      expect(bodies[`/${path}`]![1].length).toBeLessThan(maxResponseBytes);
      const before = process.memoryUsage().arrayBuffers;
      const started = performance.now();
      expect(await get(`/${path}`)).toEqual(['response_too_large', '']);
      expect(performance.now() - started).toBeLessThan(1000);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    },
  );

  test.each(['thrice', 'unknown', 'cut', 'not-gzip', 'not-br', 'not-zstd', 'wide-window'])(
    'that cannot be decompressed is told so: %s',
    async (path) => {
      expect(await get(`/${path}`)).toEqual(['invalid_response', '']);
    },
  );
});
