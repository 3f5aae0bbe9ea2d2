import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineBinding, type BindingCall } from '../../src/index.ts';
import { useRuntime } from '../support/runtime.ts';

const anything = z.array(z.unknown());
const going = { now: 0, most: 0, begun: 0 };
let finished = Promise.withResolvers<void>();

/** Goes on, whatever becomes of its call. */
async function stubborn(): Promise<number> {
  going.begun++;
  going.most = Math.max(going.most, ++going.now);
  await pause(60);
  if (--going.now === 0) finished.resolve();
  return 1;
}

/** As `fetch` does with a signal that is aborted already. */
async function obedient({ signal }: BindingCall): Promise<number> {
  going.begun++;
  signal.throwIfAborted();
  return 1;
}

const gated = { params: anything, maxConcurrent: 5 };
const free = { params: anything, cost: 0 };
const host = defineBinding('host', {
  gated: { ...gated, handler: obedient },
  checked: { params: z.array(z.unknown()).refine(async () => true), handler: obedient },
  checkedSlowly: {
    params: z.array(z.unknown()).refine(async () => {
      await pause(300);
      return true;
    }),
    handler: obedient,
  },
  narrow: { ...gated, maxConcurrent: 2, handler: stubborn },
  hasty: { ...gated, maxConcurrent: 2, timeoutMs: 5, handler: stubborn },
  free: { ...free, handler: stubborn },
  line: {
    params: anything,
    logLevel: 'info',
    handler: () => Promise.reject(new Error('the logger failed')),
  },
  logsLate: {
    params: anything,
    handler: ({ log }) => {
      void pause(30).then(() => {
        log.info('late');
        finished.resolve();
      });
    },
  },
});

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
process.on('unhandledRejection', note);
afterAll(() => void process.off('unhandledRejection', note));

describe('a handler', () => {
  const runtime = useRuntime({ bindings: [host], limits: { apiCalls: 1000 } });
  const value = async (source: string): Promise<unknown> =>
    (await runtime().execute(source)).output['value'];

  beforeEach(() => {
    Object.assign(going, { now: 0, most: 0, begun: 0 });
    finished = Promise.withResolvers();
  });

  test('whose call was given up while its arguments were checked is not begun', async () => {
    const source = `const c = new AbortController();
      const call = sdk.host.checkedSlowly({ signal: c.signal }).catch((error) => error.name);
      await null; await null; c.abort();
      const name = await call;
      await new Promise((done) => setTimeout(done, 400));
      return name`;
    expect(await value(source)).toBe('AbortError');
    expect(going.begun).toBe(0);
  });

  test.each(['gated', 'checked'])(
    'that fails over a call which was given up (%s) does not fail the host',
    async (method) => {
      const source = `for (let i = 0; i < 50; i++) {
          const c = new AbortController();
          sdk.host.${method}({ signal: c.signal }).catch(() => 0);
          for (let j = i % 4; j > 0; j--) await null;
          c.abort();
        }
        return await sdk.host.${method}()`;
      expect(await value(source)).toBe(1);
      await pause(10);
      expect(unhandled).toEqual([]);
    },
  );

  test.each([
    [
      'its call was given up',
      `const c = new AbortController(); setTimeout(() => c.abort(), 2);
      await sdk.host.narrow({ signal: c.signal }).catch(() => 0)`,
    ],
    ['its time was over', `await sdk.host.hasty().catch(() => 0)`],
  ])('that goes on after %s keeps its place until it ends', async (_when, call) => {
    await runtime().execute(`for (let i = 0; i < 12; i++) { ${call} }`);
    await finished.promise;
    expect(going.most).toBeLessThanOrEqual(2);
  });

  test('cannot be begun without end by giving calls up', async () => {
    const source = `const give = () => {
        const c = new AbortController();
        sdk.host.free({ signal: c.signal }).catch(() => 0);
        c.abort();
      };
      for (let i = 0; i < 20; i++) {
        for (let j = 0; j < 500; j++) give();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return (await Promise.all(Array.from({ length: 300 }, () => sdk.host.free()))).length`;
    expect(await value(source)).toBe(300);
    await finished.promise;
    expect(going.most).toBeLessThanOrEqual(512);
  });

  test('of a line that fails later is no failure of the host', async () => {
    await runtime().execute(`sdk.host.line('text')`);
    await pause(10);
    expect(unhandled).toEqual([]);
  });

  test('that writes into the log of a run which has ended changes nothing any more', async () => {
    const heard: string[] = [];
    const { logs } = await runtime().execute(
      `console.log('on time'); await sdk.host.logsLate()`,
      0,
      {
        onLog: ({ message }) => heard.push(message),
      },
    );
    await finished.promise;
    expect(logs.map(({ message }) => message)).toEqual(['on time']);
    expect(heard).toEqual(['on time']);
  });
});
