import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { webServices } from '../../src/worker/web-services.ts';

const pack = (first: string, second: string, third: string): string =>
  `${first.length},${second.length}\n${first}${second}${third}`;

describe('a question that makes no sense has no answer, and throws nothing', () => {
  test.each<[operation: string, text: string]>([
    ['', ''],
    ['toString', 'x'],
    ['__proto__', 'x'],
    ['url', 'not a url'],
    ['url', 'x:'.padEnd(1_000_000, 'y')],
    ['url', `https://a/${'†'.repeat(20_000)}`],
    ['url-relative', ''],
    ['url-relative', '9999999,1\nabc'],
    ['url-relative', '999999,999999\nabc'],
    ['url-relative', '-1,5\nabc'],
    ['url-set', pack('href', 'https://a/', 'https://b/')],
    ['url-set', pack('__proto__', 'https://a/', 'x')],
    ['url-set', pack('toString', 'https://a/', 'x')],
    ['url-set', pack('hash', 'no url', 'x')],
    ['url-set', pack('hash', 'https://a/', 'x'.repeat(65_536))],
    ['random', ''],
    ['random', '0'],
    ['random', '-1'],
    ['random', '1.5'],
    ['random', '65537'],
    ['random', '1e99'],
  ])('%s %.40j', (operation, text) => {
    expect(webServices()(operation, text)).toBe('-');
  });

  test.each([[undefined], [5], [{}], [Symbol('s')]])('%s in place of a string', (value) => {
    const ask = webServices() as unknown as (operation: unknown, text: unknown) => string;
    expect([ask(value, 'x'), ask('url', value), ask('random', value)]).toEqual(['-', '-', '-']);
  });
});

test('answers are the parts of a URL, or as many characters as bytes were wanted', () => {
  // Each in a realm of its own: one may have no more than 2 ms in a turn.
  const ask = (operation: string, text: string): string => webServices()(operation, text);
  expect(ask('url', 'https://u:p@h:81/p?q#f')).toBe(
    '+https://u:p@h:81/p?q#f\nhttps://h:81\nhttps:\nu\np\nh:81\nh\n81\n/p\n?q\n#f',
  );
  expect(ask('url-relative', pack('b', 'https://h/a', ''))).toMatch(/^\+https:\/\/h\/b\n/);
  expect(ask('url-set', pack('port', 'https://h/', '8'))).toMatch(/^\+https:\/\/h:8\/\n/);
  expect(ask('random', '65536')).toMatch(/^\+[\0-\xff]{65536}$/);
  expect(ask('uuid', '')).toHaveLength(37);
});

test('a realm that asks without end is told to wait for the next turn of the event loop', async () => {
  const ask = webServices();
  const answers = Array.from({ length: 1000 }, () => ask('uuid', ''));
  expect(answers.filter((answer) => answer !== '!').length).toBeLessThanOrEqual(64);
  expect(webServices()('uuid', '')).not.toBe('!');
  await setImmediate();
  await setImmediate();
  expect(ask('uuid', '')).not.toBe('!');
});
