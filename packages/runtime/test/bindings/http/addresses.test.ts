import { describe, expect, test } from 'vitest';
import { http } from '../../../src/bindings/index.ts';
import { createRuntime } from '../../../src/index.ts';
import { checkedAddresses } from '../../../src/bindings/http/connector.ts';
import { badPorts } from '../../../src/bindings/http/bad-ports.ts';
import { resolveOptions } from '../../../src/bindings/http/options.ts';
import { useDials } from '../../support/dials.ts';
import { outcome, toLoopback, useHttpServer } from '../../support/http-servers.ts';
import { realms, useRuntime } from '../../support/runtime.ts';
import {
  hostileHosts,
  impossibleHosts,
  publicAddresses,
  refusedAddresses,
} from './hostile-hosts.ts';

/** What scripts are told of an address; nothing in it depends on the address. */
const blockedMessage = 'sdk.http: the host has an address that scripts may not reach';
/** Of AS112: reachable for everybody, and nobody answers. */
const nobody = { address: '192.31.196.1', family: 4 };
const nobody6 = { address: '2001:4:112::1', family: 6 };

/** Gives names like `n17.test` the addresses that a test wants, and counts. */
const asked: string[] = [];
let answers: (name: string) => readonly { address: string; family: number }[] = () => [nobody];
const lookup = (name: string): Promise<readonly { address: string; family: number }[]> => {
  asked.push(name);
  return Promise.resolve(answers(name));
};

const limits = { connectTimeoutMs: 60, maxConnectionsPerHost: 100, maxConcurrentPerTenant: 50 };
const dialled = useDials();

/** Requests that got where they should not. */
let reached = 0;
const server = useHttpServer((request, response) => {
  const to = new URL(request.url ?? '', 'http://x').searchParams.get('to');
  if (to === null) reached++;
  else response.writeHead(307, { location: Buffer.from(to).toString('latin1') });
  response.end('inside');
});

const getAll = `${outcome}
  const all = await Promise.all(ctx.input.urls.map((url) => outcome(sdk.http.get(url))));
  return all.map(({ code, message, stack, status }) => [code ?? status, message, stack]);`;

describe.each(realms)('an address that not everybody can reach, in a %s realm', (realm) => {
  const bindings = [
    http({
      allow: ['*'],
      allowPrivate: ['api.test'],
      lookup: (name) => (name === 'api.test' ? toLoopback() : lookup(name)),
      limits,
    }),
  ];
  const runtime = useRuntime({ bindings, realm, limits: { apiCalls: 2000, outputBytes: 2 ** 22 } });
  const get = async (urls: readonly string[]): Promise<[string | number, string, string][]> => {
    asked.length = 0;
    const { output } = await runtime().execute(getAll, { urls });
    return output['value'] as unknown as [string | number, string, string][];
  };
  const codes = (results: readonly [string | number, ...unknown[]][], urls: readonly string[]) =>
    Object.fromEntries(results.map(([code], i) => [urls[i]!, code]));
  const each = (urls: readonly string[], code: string | number) =>
    Object.fromEntries(urls.map((url) => [url, code]));

  test('is refused in every notation, without a look-up or a connection', async () => {
    expect(hostileHosts.length).toBeGreaterThan(400);
    const urls = hostileHosts.map((host, i) => `http${i % 2 ? 's' : ''}://${host}:${8000 + i}/`);
    const results = await get(urls);
    expect(codes(results, urls)).toEqual(each(urls, 'blocked_address'));
    expect([asked, dialled]).toEqual([[], []]);
    expect(new Set(results.map(([, message]) => message))).toEqual(new Set([blockedMessage]));
  });

  test('cannot be written in any other way', async () => {
    const urls = impossibleHosts.map((host) => `http://${host}/`);
    expect(codes(await get(urls), urls)).toEqual(each(urls, 'invalid_url'));
    expect([asked, dialled]).toEqual([[], []]);
  });

  test('is refused when a name leads to it, alone or among others', async () => {
    answers = (name) => {
      const index = Number(/^n(\d+)/.exec(name)![1]);
      // What a look-up says of the family is not believed.
      const refused = { address: refusedAddresses[index % refusedAddresses.length]!, family: 4 };
      return index < refusedAddresses.length ? [refused] : [nobody, nobody6, refused];
    };
    const names = [...refusedAddresses, ...refusedAddresses].map((_, i) => `http://n${i}.test/`);
    const results = await get(names);
    expect(codes(results, names)).toEqual(each(names, 'blocked_address'));
    expect(asked).toHaveLength(names.length);
    expect(dialled).toEqual([]);
    expect(new Set(results.map(([, message]) => message))).toEqual(new Set([blockedMessage]));
  });

  test('is refused as the target of a redirect', async () => {
    reached = 0;
    const { port } = server();
    const urls = hostileHosts.map(
      (host) => `http://api.test:${port}/?to=${encodeURIComponent(`http://${host}:${port}/`)}`,
    );
    const results = await get(urls);
    expect(codes(results, urls)).toEqual(each(urls, 'blocked_address'));
    expect(new Set(dialled)).toEqual(new Set(['127.0.0.1']));
    expect(reached).toBe(0);
  });

  test('is not told in messages and stacks', async () => {
    const { port } = server();
    answers = () => [{ address: '10.11.12.13', family: 4 }];
    const urls = ['http://secret.test/', `http://api.test:${port}/?to=http://10.11.12.13/`];
    for (const [code, message, stack] of await get(urls)) {
      expect(code).toBe('blocked_address');
      expect(message + stack).not.toMatch(/10\.11|127\.0|EHOST|undici/);
    }
  });

  test('is not reached by a name that changes its address', async () => {
    let turn = 0;
    answers = () => (turn++ % 2 === 0 ? [nobody] : [{ address: '127.0.0.1', family: 4 }]);
    const url = `http://rebind.test:${server().port}/`;
    const ends: (string | number)[] = [];
    for (let i = 0; i < 4; i++) ends.push((await get([url]))[0]![0]);
    const failed = expect.stringMatching(/^(http_timeout|connection_failed)$/) as string;
    expect(ends).toEqual([failed, 'blocked_address', failed, 'blocked_address']);
    // One look-up each: what it gave is what was dialled.
    expect(turn).toBe(4);
    expect(dialled).toEqual([nobody.address, nobody.address]);
  });
});

describe('an address that everybody can reach', () => {
  const policy = resolveOptions({ lookup });

  test('is let through, as a literal and behind a name', async () => {
    expect(publicAddresses.length).toBeGreaterThan(200);
    for (const address of publicAddresses) {
      const family = address.includes(':') ? 6 : 4;
      answers = () => [{ address, family }];
      for (const host of [address, 'name.test']) {
        const to = { scheme: 'https', host, port: 443 } as const;
        expect(await checkedAddresses(policy, to)).toEqual([{ address, family }]);
      }
    }
  });

  test('is the one that is dialled', async () => {
    const binding = http({ allow: ['*'], lookup, limits });
    answers = () => [nobody, nobody6];
    await using runtime = await createRuntime({ bindings: [binding], workers: 1, poolSize: 1 });
    const urls = ['http://public.test', `http://${nobody.address}:81`];
    await runtime.execute(getAll, { urls });
    expect(dialled.length).toBeGreaterThanOrEqual(2);
    expect([nobody.address, nobody6.address]).toEqual(
      expect.arrayContaining([...new Set(dialled)]),
    );
  });
});

describe('allowPrivate', () => {
  const allowPrivate = [
    'api.test',
    'port.test:1',
    '127.0.0.2',
    'localhost',
    'metadata.google.internal',
  ];
  const policy = resolveOptions({ lookup, allowPrivate });
  const check = async (host: string, port: number, address: string): Promise<string> => {
    answers = () => [{ address, family: 4 }];
    return checkedAddresses(policy, { scheme: 'http', host, port }).then(
      () => 'allowed',
      (error: unknown) => (error as { code: string }).code,
    );
  };

  test.each([
    ['api.test', 80, '127.0.0.1'],
    ['api.test', 80, '10.0.0.1'],
    ['api.test', 80, '192.168.0.1'],
    ['api.test', 80, '172.16.0.1'],
    ['api.test', 80, '::1'],
    ['api.test', 80, 'fd12::1'],
    ['port.test', 1, '127.0.0.1'],
    ['127.0.0.2', 80, ''],
    ['localhost', 80, '::1'],
  ])('opens %s:%i at %s', async (host, port, address) => {
    expect(await check(host, port, address)).toBe('allowed');
  });

  test.each([
    ['sub.api.test', 80, '127.0.0.1'],
    ['port.test', 2, '127.0.0.1'],
    ['127.0.0.1', 80, ''],
    ['api.test', 80, '169.254.169.254'],
    ['api.test', 80, '100.100.100.200'],
    ['api.test', 80, 'fd00:ec2::254'],
    ['api.test', 80, '168.63.129.16'],
    ['api.test', 80, '0.0.0.0'],
    ['api.test', 80, '224.0.0.1'],
    ['api.test', 80, '::ffff:127.0.0.1'],
    ['api.test', 80, '64:ff9b::7f00:1'],
    ['api.test', 80, 'fe80::1'],
    ['api.test', 80, 'fd12::1%eth0'],
    ['a.localhost', 80, '127.0.0.1'],
    ['metadata.google.internal', 80, '127.0.0.1'],
  ])('does not open %s:%i at %s', async (host, port, address) => {
    expect(await check(host, port, address)).toBe('blocked_address');
  });
});

describe('ports and schemes', () => {
  const runtime = useRuntime({
    bindings: [http({ allow: ['*'], lookup })],
    limits: { apiCalls: 200 },
  });

  test('of other protocols are refused, whoever allows them', async () => {
    const urls = [
      ...[...badPorts].map((port) => `http://public.test:${port}/`),
      ...[
        'ftp',
        'file',
        'ws',
        'wss',
        'gopher',
        'data',
        'blob',
        'javascript',
        'unix',
        'http+unix',
      ].map((scheme) => `${scheme}://public.test/`),
      'file:///etc/passwd',
      'data:text/plain,x',
      'about:blank',
      'ja\nva\tscript:0',
    ];
    asked.length = 0;
    const { output } = await runtime().execute(getAll, { urls });
    const codes = (output['value'] as [string][]).map(([code]) => code);
    expect(codes).toEqual(urls.map(() => 'blocked_host'));
    expect([asked, dialled]).toEqual([[], []]);
  });
});
