import { describe, expect, test } from 'vitest';
import type { RunContext } from '../../src/index.ts';
import { expectHealthy, failure, realms, useRuntime } from '../support/runtime.ts';

describe.each(realms)('in a %s realm,', (realm) => {
  const runtime = useRuntime({ realm });
  const failureOf = async (source: string, context?: RunContext) =>
    failure(runtime().execute(source, {}, context));

  describe('an error that the script tampered with', () => {
    test.each([
      [
        'prepareStackTrace that throws',
        'try { Error.prepareStackTrace = () => { throw 1 } } catch {} throw new Error("m")',
      ],
      [
        'prepareStackTrace that gives text',
        'try { Error.prepareStackTrace = () => "forged" } catch {} throw new Error("m")',
      ],
      [
        'prepareStackTrace that gives call sites',
        'try { Error.prepareStackTrace = (e, sites) => sites } catch {} throw new Error("m")',
      ],
      [
        'prepareStackTrace that is a proxy',
        'try { Error.prepareStackTrace = new Proxy(() => {}, { get() { throw 1 }, apply() { throw 2 } }) } catch {} throw new Error("m")',
      ],
      [
        'stackTraceLimit of zero',
        'try { Error.stackTraceLimit = 0 } catch {} throw new Error("m")',
      ],
      [
        'stackTraceLimit of everything',
        'try { Error.stackTraceLimit = Infinity } catch {} throw new Error("m")',
      ],
      [
        'stackTraceLimit that throws',
        'try { Object.defineProperty(Error, "stackTraceLimit", { get() { throw 1 } }) } catch {} throw new Error("m")',
      ],
      [
        'captureStackTrace',
        'const e = new Error("m"); Error.captureStackTrace(e, () => 1); throw e',
      ],
      [
        'a line beyond all numbers',
        'const e = new Error("m"); e.stack = "Error: m\\n    at f (script.js:" + "9".repeat(400) + ":1)"; throw e',
      ],
      [
        'a column beyond all numbers',
        'const e = new Error("m"); e.stack = "Error: m\\n    at f (script.js:1:" + "9".repeat(400) + ")"; throw e',
      ],
      [
        'a line without a column',
        'const e = new Error("m"); e.stack = "Error: m\\n    at script.js:1"; throw e',
      ],
      [
        'a place without numbers',
        'const e = new Error("m"); e.stack = "Error: m\\n    at script.js:x:y"; throw e',
      ],
      [
        'a column of no digits',
        'const e = new Error("m"); e.stack = "Error: m\\n    at script.js:1:x"; throw e',
      ],
      [
        'a line that ends in the name',
        'const e = new Error("m"); e.stack = "Error: m\\n    at script.js:"; throw e',
      ],
      [
        'in a cause, a line without a column',
        'const c = new Error("c"); c.stack = "    at script.js:1"; throw new Error("m", { cause: c })',
      ],
      ['null', 'const e = new Error("m"); e.stack = null; throw e'],
      ['a deleted stack', 'const e = new Error("m"); delete e.stack; throw e'],
    ])('is reported as a script error: %s', async (_, source) => {
      const error = await failureOf(source);
      expect([error.code, error.message, error.name]).toEqual(['script_error', 'm', 'Error']);
      for (const place of [error.line, error.column]) {
        if (place !== undefined) expect(Number.isSafeInteger(place)).toBe(true);
      }
      await expectHealthy(runtime());
    });

    test.each([
      ['an unknown code', '({ code: "bogus", message: "" })'],
      ['a limit that was not breached', '({ code: "memory_limit", message: "" })'],
      ['a fault of the system', '({ code: "internal_error", message: "" })'],
      ['a report of the wrong shape', '({ code: "script_error", message: "", thrown: 1 })'],
      [
        'causes without end',
        '({ code: "script_error", message: "", thrown: { name: "", message: "", stack: "", get cause() { return this } } })',
      ],
      ['no report', 'undefined'],
      ['a number', '1'],
      ['a report of 50 million characters', '({ code: "script_error", message: "x".repeat(5e7) })'],
    ])('cannot be told to the worker by toJSON: %s', async (_, report) => {
      const error = await failureOf(
        `try { Object.prototype.toJSON = function () { return ${report} } } catch {}
       throw new Error("m")`,
        { limits: { timeoutMs: 3000 } },
      );
      expect([error.code, error.message.slice(0, 100)]).toEqual(['script_error', 'm']);
      await expectHealthy(runtime());
    });
  });

  test('what one run forges is not paid for by a run of another tenant in the same worker', async () => {
    const started = Promise.withResolvers<unknown>();
    const neighbour = runtime().execute(
      'console.log("started"); await new Promise((r) => setTimeout(r, 500)); return "unharmed"',
      {},
      { tenant: { id: 'neighbour' }, onLog: started.resolve },
    );
    await started.promise;
    await failureOf('const e = new Error("m"); e.stack = "    at script.js:1"; throw e');
    await failureOf('try { Object.prototype.toJSON = () => 1 } catch {} throw new Error("m")');
    expect((await neighbour).output).toEqual({ value: 'unharmed' });
  });
});
