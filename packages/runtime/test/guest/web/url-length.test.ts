import { describe } from 'vitest';
import { gives, useRuntime } from './web-rows.ts';

const runtime = useRuntime();
describe('the length of a URL', () => {
  const bound = 65_536;
  gives(runtime, [
    [`URL.canParse('https://a/' + 'x'.repeat(${bound - 10}))`, 'true'],
    [`URL.canParse('https://a/' + 'x'.repeat(${bound - 9}))`, 'false'],
    [`URL.parse('https://a/' + 'x'.repeat(${bound}))`, 'null'],
    [`new URL('https://a/' + 'x'.repeat(${bound}))`, 'throws TypeError'],
    [`new URL('x', 'https://a/' + 'x'.repeat(${bound}))`, 'throws TypeError'],
    [`URL.canParse('https://a/' + '†'.repeat(8000))`, 'false'],
    [
      `{ const u = new URL('https://a/'); u.hash = 'x'.repeat(${bound}); }`.replace(
        /^\{(.*)\}$/,
        '(() => {$1})()',
      ),
      'throws RangeError',
    ],
    [
      `(() => { const u = new URL('https://a/'); u.hash = 'x'.repeat(${bound - 20}); try { u.search = 'y'.repeat(20); } catch { return u.search; } })()`,
      '""',
    ],
    [`new URL('x'.repeat(2 ** 20))`, 'throws TypeError'],
    [
      `(() => { try { new URL('y'.repeat(1000)) } catch (e) { return e.message.length < 300; } })()`,
      'true',
    ],
  ]);
});
