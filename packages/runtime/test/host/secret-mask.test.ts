import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SecretMask } from '../../src/host/secret-mask.ts';
import { defineBinding, type Json } from '../../src/index.ts';
import { realms, useRuntime } from '../support/runtime.ts';

function masking(...secrets: string[]): SecretMask {
  const mask = new SecretMask();
  for (const secret of secrets) mask.add(secret);
  return mask;
}

describe('a mask', () => {
  test('hides all of a secret that begins like another', () => {
    expect(masking('abcd', 'abcdefgh').text('abcdefgh abcd')).toBe('*** ***');
    expect(masking('abcdefgh', 'abcd').text('abcdefgh abcd')).toBe('*** ***');
  });

  test('leaves texts of three characters alone', () => {
    expect(masking('abc').text('abc')).toBe('abc');
  });

  test.each(['1234', 'true', 'null', '","a', '"],[', '{"a":', '[[1,', ']]]]', '\\"\\"'])(
    'leaves data what it was when the secret looks like a part of it: %s',
    (secret) => {
      const data = [1234, true, null, [[1, ['x']]], { a: 'b', c: { d: secret } }];
      const masked = masking(secret).data(data);
      expect(JSON.stringify(masked)).toContain('***');
      expect(masked).toHaveLength(data.length);
    },
  );

  test('does not take long over a secret of very many lines', () => {
    const mask = masking(Array.from({ length: 100_000 }, (_, i) => `line ${i} of it`).join('\n'));
    const started = performance.now();
    for (let i = 0; i < 1000; i++)
      mask.text('a line of the log that has nothing to hide'.repeat(5));
    expect(performance.now() - started).toBeLessThan(500);
  });

  test('hides what is nested too deeply to be looked through', () => {
    let deep: Json = 'secret';
    for (let i = 0; i < 100_000; i++) deep = [deep];
    const masked = JSON.stringify(masking('secret').data([deep, 'secret', 1]));
    expect(masked).toMatch(/^\[\[{200}"\*\*\*"\]{200},"\*\*\*",1\]$/);
  });

  test('hides a secret in keys and nested texts', () => {
    expect(masking('secret').data([{ 'a secret': ['my secret!'] }])).toEqual([
      { 'a ***': ['my ***!'] },
    ]);
  });
});

const vault = defineBinding('vault', {
  give: {
    params: z.tuple([z.string()]),
    handler: (call, secret) => {
      call.mask(secret);
      return secret;
    },
  },
});

describe.each(realms)('in a %s realm, the log of a run', (realm) => {
  const runtime = useRuntime({ realm, bindings: [vault] });

  test.each([
    ['1234', ['123']],
    ['true', ['true']],
    ['","a', [',"a', ',\\"a']],
    ['two words', ['two', 'words']],
    [
      '-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7x\nq83nVbTyKk1\n-----END KEY-----\n',
      ['MII', 'q83', 'KEY'],
    ],
    ['with "double" quotes', ['double']],
    [`with "double", 'single' and \`other\` quotes`, ['double', 'single', 'other']],
    ['C:\\path\\"to" it', ['path', 'to']],
    ['C:\\path\\to', ['path', 'to']],
    ['tab\tand\nline', ['tab', 'line']],
  ])('shows nothing of the secret %j, however it is printed', async (secret, parts) => {
    const { logs } = await runtime().execute(
      `const s = await sdk.vault.give(ctx.input);
       console.log(s); console.log({ s }); console.log('%s %o %j', s, s, s); console.log([[s]], s);
       console.log('x', { [s]: s }, Number(s)); console.log(JSON.stringify({ s }), new Error(s));
       return 1`,
      secret,
    );
    expect(logs).toHaveLength(6);
    const text = JSON.stringify(logs.map(({ message, data = [] }) => [message, ...data]));
    for (const part of parts) expect(text).not.toContain(part);
  });
});
