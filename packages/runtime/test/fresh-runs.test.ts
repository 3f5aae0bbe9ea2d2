import { describe, expect, test } from 'vitest';
import { realms, useRuntime } from './support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const first = { tenant: { id: 'first' } };

  test('runs of one tenant at the same time share nothing', async () => {
    const outputs = await Promise.all(
      Array.from({ length: 8 }, async (_, n) =>
        runtime().execute(
          `const found = globalThis.shared;
         try { globalThis.shared = ctx.input } catch {}
         ctx.mine = ctx.input; console.log(ctx.input);
         await new Promise((resolve) => setTimeout(resolve, 20));
         return [found === undefined, ctx.mine === ctx.input]`,
          n,
          first,
        ),
      ),
    );
    for (const [n, { output, logs }] of outputs.entries()) {
      expect(output).toEqual({ value: [true, true] });
      expect(logs.map((entry) => entry.message)).toEqual([String(n)]);
    }
  });

  test('many runs one after the other stay as fresh as the first', async () => {
    for (let n = 0; n < 30; n++) {
      const { output } = await runtime().execute(
        'ctx.count = (globalThis.count ?? ctx.count ?? 0) + 1; try { globalThis.count = ctx.count } catch {} return ctx.count',
        {},
        first,
      );
      expect(output).toEqual({ value: 1 });
    }
  });
});
