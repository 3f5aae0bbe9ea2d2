import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { http } from '../../../src/bindings/index.ts';
import { outcome, toLoopback } from '../../support/http-servers.ts';
import { useRuntime } from '../../support/runtime.ts';

/** Of secure.test, signed by itself. */
const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8');

const requests: (string | undefined)[] = [];
const server = createServer(
  { key: fixture('key.pem'), cert: fixture('certificate.pem') },
  (request, response) => {
    requests.push(request.headers.host);
    response.end(JSON.stringify([request.httpVersion, request.headers.host]));
  },
);
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('a request by https', () => {
  const hosts = ['secure.test', 'other.test'];
  const binding = http({ allow: hosts, allowPrivate: hosts, lookup: toLoopback });
  const runtime = useRuntime({ bindings: [binding] });
  const port = (): number => (server.address() as AddressInfo).port;
  const get = async (host: string): Promise<unknown> => {
    const { output } = await runtime().execute(
      `${outcome} const { stack, ...rest } = await outcome(sdk.http.get(ctx.input.url, { responseType: 'json' })); return rest`,
      { url: `https://${host}:${port()}/` },
    );
    return output;
  };
  const trusted = getCACertificates();
  afterAll(() => setDefaultCACertificates(trusted));

  test('is not sent to a server that nobody vouches for', async () => {
    expect(await get('secure.test')).toEqual({
      code: 'tls_failed',
      message: 'sdk.http: no trustworthy TLS connection to the host is possible',
    });
    expect(requests).toEqual([]);
  });

  test('is not sent to it either when the environment would have it so', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await get('secure.test')).toMatchObject({ code: 'tls_failed' });
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    expect(requests).toEqual([]);
  });

  test('is sent when the certificate is good for the name, by HTTP/1.1', async () => {
    setDefaultCACertificates([...trusted, fixture('certificate.pem')]);
    expect(await get('secure.test')).toMatchObject({
      status: 200,
      body: ['1.1', `secure.test:${port()}`],
    });
  });

  test('is not sent when the certificate is for another name', async () => {
    setDefaultCACertificates([...trusted, fixture('certificate.pem')]);
    requests.length = 0;
    expect(await get('other.test')).toMatchObject({ code: 'tls_failed' });
    expect(requests).toEqual([]);
  });
});
