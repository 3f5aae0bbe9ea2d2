import { format } from 'node:util';
import { describe, expect, test } from 'vitest';
import { realms, useRuntime } from '../../support/runtime.ts';

/** Arguments of `console.log`. */
const rows = [
  `new URL('https://u:p@a.b:81/x?y=1#z')`,
  `'url', new URL('http://x/'), [new URL('x:y')]`,
  `{ request: { url: new URL('https://a.b/?' + 'key=value&'.repeat(20)) } }`,
  `Object.assign(new URL('http://x/'), { own: 1 })`,
  `new (class Mine extends URL {})('http://x/')`,
  `new Map([[new URL('http://x/'), 1]])`,
  `'%s %O', new URL('http://x/'), new URL('http://x/')`,
  `new URLSearchParams(), [new URLSearchParams('')]`,
  `new URLSearchParams('a=1&b=2&a=it%27s')`,
  `new URLSearchParams({ 'a b': 'x'.repeat(100) })`,
  `{ query: new URLSearchParams('key=value&'.repeat(20)) }`,
  `{ a: { b: new URLSearchParams('a=1') } }`,
  `'%o', new URL('http://x/?a=1').searchParams`,
  `new AbortController(), { controller: new AbortController() }`,
  `AbortSignal.abort(), [new AbortController().signal]`,
  `new TextDecoder('latin1', { fatal: true })`,
  `new EventTarget(), class Mine extends URLSearchParams {}`,
];

function nodeLine(args: string): string {
  // oxlint-disable-next-line typescript/no-implied-eval -- Node evaluates the same row as the VM
  return format(...(new Function(`return [${args}]`)() as unknown[]));
}

describe.each(realms)('in a %s realm, the console prints web classes as Node does:', (realm) => {
  const runtime = useRuntime({ realm });
  const lineOf = async (source: string) => (await runtime().execute(source)).logs[0]!.message;

  test.each(rows)('%s', async (args) => {
    expect(await lineOf(`console.log(${args})`)).toBe(nodeLine(args));
  });

  test('an event, whose time is that of the run', async () => {
    expect(await lineOf(`console.log(new Event('x', { cancelable: true }))`)).toMatch(
      /^Event \{\n {2}type: 'x',\n {2}defaultPrevented: false,\n {2}cancelable: true,\n {2}timeStamp: \d+\n\}$/,
    );
  });

  test('a prototype, and what merely pretends to be an instance', async () => {
    expect(
      await lineOf(
        'console.log(Object.create(URL.prototype), Object.create(URLSearchParams.prototype))',
      ),
    ).toBe('URL {} URLSearchParams {}');
  });

  test('parameters without end take no more than the line may', async () => {
    const source = `const all = new URLSearchParams();
      for (let i = 0; i < 100_000; i++) all.append('key', 'value');
      console.log(all)`;
    const { logs } = await runtime().execute(source, {}, { limits: { logBytes: 1000 } });
    const { message } = logs[0]!;
    expect(message).toMatch(/^URLSearchParams \{\n {2}'key' => 'value',.*…/s);
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1000);
  });

  test('neither getters nor methods that a script puts there are called', async () => {
    const source = `const url = new URL('http://x/');
      for (const name of ['href', 'host', 'searchParams'])
        Object.defineProperty(url, name, { get() { throw new Error('called') } });
      console.log(url)`;
    expect(await lineOf(source)).toBe(nodeLine(`new URL('http://x/')`));
  });
});
