import { describe } from 'vitest';
import { sameAsNode, useRuntime } from './web-rows.ts';

const runtime = useRuntime();
const parts = `(url) => [url.href, url.origin, url.protocol, url.username, url.password, url.host, url.hostname, url.port, url.pathname, url.search, url.hash].join(' ')`;

/** Inputs with a base or without: schemes, authorities, dots, addresses, names, escapes, rubbish. */
const inputs: readonly (readonly [input: string, base?: string])[] = [
  ['https://user:pa%20ss@Example.COM:8443/a/./b/../c;d?x=1&y=2#frag'],
  ['http://example.com:80/'],
  ['https://example.com:443'],
  ['ftp://h:21/f'],
  ['ws://h/'],
  ['wss://h:443/x'],
  ['file:///C|/x/../y'],
  ['file:c:\\foo\\bar.html', 'file:///tmp/mock/path'],
  ['file://localhost/etc'],
  ['file://'],
  ['mailto:a@b.example'],
  ['data:text/plain,hello world#x'],
  ['javascript:alert(1)'],
  ['blob:https://a.example/id'],
  ['about:blank?q#h'],
  ['web+demo:/.//not-a-host/'],
  ['non-special://h:99/p?q'],
  ['non-special:opaque path  ?q'],
  ['x:'],
  ['x:#'],
  ['//other/p', 'https://base.example/dir/file?q#f'],
  ['/abs', 'https://base.example/dir/file'],
  ['rel', 'https://base.example/dir/file'],
  ['?only', 'https://base.example/dir/file?old'],
  ['#only', 'https://base.example/dir/file?old'],
  ['', 'https://base.example/a?b#c'],
  ['../../../up', 'https://base.example/a/b/c'],
  ['./..', 'https://base.example/a/b/'],
  ['rel', 'mailto:x'],
  ['#f', 'mailto:x'],
  ['http://%65xample.com/%7Efoo/%2e%2E/x%2f'],
  ['http://ex%2fample/'],
  ['http://faß.example/'],
  ['http://日本語.jp/パス?ク#フ'],
  ['http://xn--/'],
  ['http://a b/'],
  ['http://a<b'],
  ['http://[::1]:3000/'],
  ['http://[1:2:0:0:5:0:0:8]/'],
  ['http://[::ffff:1.2.3.4]/'],
  ['http://[::1'],
  ['http://[g::1]/'],
  ['http://0x7f.1/'],
  ['http://0300.168.0.1'],
  ['http://256.256.256.256/'],
  ['http://1.2.3.4.5/'],
  ['http://h:65535/'],
  ['http://h:65536/'],
  ['http://h:8a/'],
  ['http://h:/'],
  ['http://@h/'],
  ['http://u@/'],
  ['http://:@h'],
  ['  https://trim.example\t/\n '],
  ['ht\ntp://ex\tample/'],
  ['http:\\\\back\\slash\\es'],
  ['http:example.org/'],
  ['http:////many'],
  ['HTTP://UPPER.example/Path'],
  ['h ttp://x'],
  ['1http://x'],
  ['nope'],
  [''],
  ['//no-base'],
  ['http://'],
  ['https:///x'],
  ['http://h/\ud800'],
  ['http://h/?\udc00#\ud83d'],
  ['http://h/\'"<>`{}|^?\'"<>`#\'"<>`'],
  ['sc://h/"<>`{}?"<>#"<>`'],
];

describe('parsing', () => {
  sameAsNode(
    runtime,
    inputs.flatMap((input) => {
      const args = input.map((text) => JSON.stringify(text)).join(', ');
      return [
        `(${parts})(new URL(${args}))`,
        `URL.canParse(${args})`,
        `URL.parse(${args})?.href ?? null`,
      ];
    }),
  );
});

const values = [
  '',
  'x',
  '99',
  'ex.example:81',
  '::1',
  '[::1]',
  'a b',
  '/p/../q',
  '?s',
  '#h',
  'é',
  '%41',
  'https',
  'ftp:',
  '\ud800',
  '@',
  '65536',
  '8\n0',
];
const properties = [
  'protocol',
  'username',
  'password',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'hash',
];
const bases = [
  'https://u:p@h.example:81/p?q#f',
  'file:///p',
  'mailto:x',
  'non-special://h/p',
  'web+x:/p',
];

describe('setters', () => {
  sameAsNode(
    runtime,
    properties.flatMap((property) =>
      bases.map(
        (base) =>
          `${JSON.stringify(values)}.map((value) => { const url = new URL('${base}'); url.${property} = value; return url.href; })`,
      ),
    ),
  );
});

describe('a URL', () => {
  sameAsNode(runtime, [
    `new URL('https://a/').toString()`,
    `JSON.stringify({ url: new URL('https://a/ b') })`,
    `String(new URL('x:y'))`,
    `new URL(new URL('https://a/b')).href`,
    `new URL({ toString: () => 'https://made.example' }).href`,
    `new URL('x', { toString: () => 'https://made.example/a/b' }).href`,
    `new URL('https://a', undefined).href`,
    `new URL('a', null)`,
    `new URL()`,
    `URL('https://a')`,
    `URL.parse()`,
    `URL.canParse()`,
    `new URL(Symbol())`,
    `URL.parse('x')`,
    `(() => { const u = new URL('https://a/?q#h'); u.href = 'http://b/?z'; return [u.href, [...u.searchParams]]; })()`,
    `(() => { const u = new URL('https://a/'); try { u.href = 'bad'; } catch (e) { return [e.name, u.href]; } })()`,
    `(() => { const u = new URL('https://a/'); u.origin = 'x'; })()`,
    `(() => { const u = new URL('https://a/'); u.searchParams = 'x'; })()`,
    `(() => { class Mine extends URL { get two() { return this.host + this.host; } } return [new Mine('x://h').two, new Mine('x://h') instanceof URL]; })()`,
    `Object.getOwnPropertyNames(new URL('https://a'))`,
    `Object.prototype.toString.call(new URL('x:'))`,
    `URL.prototype.toString.call({})`,
    `Object.getOwnPropertyDescriptor(URL.prototype, 'href').get.call({})`,
    `Object.getOwnPropertyDescriptor(URL.prototype, 'host').set.call({}, 'x')`,
  ]);
});

describe('searchParams', () => {
  sameAsNode(runtime, [
    `(() => { const u = new URL('https://a/?x=1#h'); const p = u.searchParams; p.append('y', 'é &+'); return [u.href, u.search, p === u.searchParams]; })()`,
    `(() => { const u = new URL('https://a/?x=1'); const p = u.searchParams; u.search = '?z=2&z=3'; return [p.getAll('z'), p.size, p.has('x')]; })()`,
    `(() => { const u = new URL('https://a/?x=1#h'); u.searchParams.delete('x'); return u.href; })()`,
    `(() => { const u = new URL('https://a/?b=1&a=2'); u.searchParams.sort(); return u.href; })()`,
    `(() => { const u = new URL('https://a/?b=1'); u.searchParams.set('b', ''); return u.href; })()`,
    `(() => { const u = new URL('https://a/?a=~b'); u.searchParams.append('c', 'd'); return u.href; })()`,
    `(() => { const u = new URL('https://a/?q#f'); const p = u.searchParams; u.hash = 'g'; u.pathname = '/n'; return [u.href, p.toString()]; })()`,
    `(() => { const u = new URL('data:space ?x#y'); u.searchParams.delete('x'); return u.href; })()`,
    `(() => { const u = new URL('https://a/?q'); const s = [...u.searchParams]; u.href = 'https://b/?r=1'; return [s, [...u.searchParams]]; })()`,
  ]);
});
