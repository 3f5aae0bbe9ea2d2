import { describe, expect, test } from 'vitest';
import { hostMatcher, type HostRule } from '../../../src/bindings/http/host-rules.ts';
import { resolveOptions, type HttpOptions } from '../../../src/bindings/http/options.ts';
import { readUrl, requireAllowed } from '../../../src/bindings/http/target.ts';

/** Whether a policy lets a request through, or the code of its error. */
function verdict(options: HttpOptions, url: string, method = 'GET'): string {
  try {
    requireAllowed(resolveOptions(options), readUrl(url), method);
    return 'allowed';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a rule', () => {
  test.each<[string | HostRule, string]>([
    ['api.test', 'https://api.test/'],
    ['api.test', 'http://api.test/'],
    ['api.test', 'https://api.test:8443/'],
    ['api.test', 'https://API.TEST./'],
    ['API.test.', 'https://api.test/'],
    ['api.test:8443', 'https://api.test:8443/'],
    ['api.test:443', 'https://api.test/'],
    ['api.test:80', 'http://api.test/'],
    ['*.test', 'https://a.test/'],
    ['*.test', 'https://a.b.test/'],
    ['*.a.test:8443', 'https://x.a.test:8443/'],
    ['*', 'https://whatever.example/'],
    ['*', 'https://8.8.8.8/'],
    ['*:8443', 'https://whatever.example:8443/'],
    ['müller.test', 'https://xn--mller-kva.test/'],
    ['xn--mller-kva.test', 'https://MÜLLER.test/'],
    ['8.8.8.8', 'http://0x08080808/'],
    ['2600::1', 'http://[2600:0:0::1]/'],
    ['[2600::1]:8080', 'http://[2600::1]:8080/'],
    ['my_host.test', 'http://my_host.test/'],
    [{ host: 'api.test' }, 'http://api.test/'],
    [{ host: 'api.test', scheme: 'https' }, 'https://api.test/'],
    [{ host: 'api.test', port: 8080, scheme: 'http' }, 'http://api.test:8080/'],
    [{ host: '*.test:8080' }, 'http://api.test:8080/'],
    [{ host: 'api.test', methods: ['GET', 'POST'] }, 'http://api.test/'],
  ])('%j is about %s', (rule, url) => {
    expect(verdict({ allow: [rule] }, url)).toBe('allowed');
  });

  test.each<[string | HostRule, string]>([
    ['api.test', 'https://api.test.evil.example/'],
    ['api.test', 'https://evil-api.test/'],
    ['api.test', 'https://sub.api.test/'],
    ['api.test', 'https://apixtest/'],
    ['api.test', 'https://evil.example/api.test'],
    ['api.test', 'https://evil.example#@api.test'],
    ['api.test', 'https://evil.example\\@api.test'],
    ['api.test', 'https://evil.example?api.test'],
    ['api.test:8443', 'https://api.test/'],
    ['api.test:443', 'http://api.test/'],
    ['api.test:80', 'https://api.test/'],
    ['*.test', 'https://test/'],
    ['*.test', 'https://eviltest/'],
    ['*.a.test', 'https://a.test/'],
    ['*.a.test', 'https://xa.test/'],
    ['*.a.test:8443', 'https://x.a.test/'],
    [{ host: 'api.test', scheme: 'https' }, 'http://api.test/'],
    [{ host: 'api.test', methods: ['POST'] }, 'http://api.test/'],
    [{ host: 'api.test', methods: [] }, 'http://api.test/'],
  ])('%j is not about %s', (rule, url) => {
    expect(verdict({ allow: [rule] }, url)).toBe('blocked_host');
  });

  test.each<[unknown, RegExp]>([
    ['', /http\.allow\[0\] must be a host/],
    ['https://api.test', /scheme and methods go into/],
    ['api.test/path', /must be a host/],
    ['user@api.test', /must be a host/],
    ['api.test:', /must be a host/],
    ['api.test:0', /the port must be a whole number from 1 to 65535/],
    ['api.test:99999', /the port/],
    ['a b', /must be a host/],
    ['api.*', /is no host/],
    ['*.*.test', /is no host/],
    ['*test', /is no host/],
    ['fe80::1%eth0', /must be a host/],
    ['1.2.3.256', /is no host/],
    [7, /must be a string or/],
    [null, /must be a string or/],
    [{ host: 7 }, /must be a string or/],
    [{ host: 'a', port: '80' }, /the port/],
    [{ host: 'a', methods: 'GET' }, /methods must be a list/],
    [{ host: 'a', methods: ['get'] }, /methods must be a list/],
    [{ host: 'a', scheme: 'ftp' }, /scheme must be/],
    [{ host: 'a', path: '/' }, /path is not an option/],
  ])('cannot be %j', (rule, message) => {
    expect(() => hostMatcher(rule as string, 'http.allow[0]')).toThrow(message);
  });
});

describe('allow and deny', () => {
  test('let nothing through by default', () => {
    expect(verdict({}, 'https://api.test/')).toBe('blocked_host');
    expect(verdict({ allow: [] }, 'https://api.test/')).toBe('blocked_host');
  });

  test('let through what one rule allows and none denies', () => {
    const options: HttpOptions = {
      allow: ['*.test', 'other.example'],
      deny: ['admin.test', '*.internal.test', { host: 'api.test', methods: ['DELETE'] }, '*:8080'],
    };
    const verdicts = [
      ['https://api.test/', 'GET'],
      ['https://other.example/', 'DELETE'],
      ['https://admin.test/', 'GET'],
      ['https://ADMIN.test./', 'GET'],
      ['https://a.internal.test/', 'GET'],
      ['https://api.test/', 'DELETE'],
      ['https://api.test:8080/', 'GET'],
    ].map(([url = '', method]) => verdict(options, url, method));
    expect(verdicts).toEqual(['allowed', 'allowed', ...Array<string>(5).fill('blocked_host')]);
  });
});

describe('an option of the binding', () => {
  test.each<[unknown, RegExp]>([
    [{ alow: [] }, /http\.alow is not an option/],
    [null, /http must be an object/],
    [{ allow: 'api.test' }, /http\.allow must be a list/],
    [{ deny: {} }, /http\.deny must be a list/],
    [{ allowPrivate: true }, /http\.allowPrivate must be a list/],
    [{ allowPrivate: ['*'] }, /exact name/],
    [{ allowPrivate: ['*.test'] }, /exact name/],
    [{ allowPrivate: [{ host: 'a.test' }] }, /exact name/],
    [{ lookup: 'dns' }, /http\.lookup must be a function/],
    [{ secrets: {} }, /http\.secrets must be a function/],
    [{ limits: { timeout: 1 } }, /http\.limits\.timeout is not an option/],
    [{ limits: { timeoutMs: 0 } }, /http\.limits\.timeoutMs must be a whole number from 1/],
    [{ limits: { maxResponseBytes: 1e9 } }, /maxResponseBytes/],
    [{ limits: { maxRedirects: Infinity } }, /maxRedirects/],
    [{ credentials: 'x' }, /must be an object of origins/],
    [{ credentials: { 'api.test': { headers: {} } } }, /is no origin/],
    [{ credentials: { 'https://api.test/path': { headers: {} } } }, /is no origin/],
    [{ credentials: { 'https://u:p@api.test': { headers: {} } } }, /is no origin/],
    [{ credentials: { 'ftp://api.test': { headers: {} } } }, /is no origin/],
    [{ credentials: { 'https://api.test': 'token' } }, /must be an object/],
    [{ credentials: { 'https://api.test': { header: {} } } }, /header is not an option/],
    [{ credentials: { 'https://api.test': { headers: { host: 'x' } } } }, /header host cannot/],
    [{ credentials: { 'https://api.test': { headers: { 'a b': 'x' } } } }, /header a b cannot/],
    [{ credentials: { 'https://api.test': { headers: { a: 7 } } } }, /header a cannot/],
    [{ credentials: { 'https://api.test': { headers: { a: 'x\ny' } } } }, /header a cannot/],
  ])('cannot be %j', (options, message) => {
    expect(() => resolveOptions(options as HttpOptions)).toThrow(message);
  });

  test('is frozen with what it holds', () => {
    const policy = resolveOptions({
      allow: ['a.test'],
      credentials: { 'https://a.test:443': { headers: { a: 'b' } } },
    });
    expect([policy, policy.limits, policy.allow].every(Object.isFrozen)).toBe(true);
    expect([...policy.credentials.keys()]).toEqual(['https://a.test']);
  });
});
