/**
 * One sample of {@link file://./first-run.ts}, in this process, which is new. Arguments: what to do,
 * the file of the source, and the folder of the caches. Prints samples as JSON.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createRuntime, type Runtime, type RuntimeOptions } from '@cloister/runtime';
import { sqliteBytecodeStore } from '@cloister/runtime/stores';
import { openCode } from '../packages/runtime/src/host/sealed-code.ts';
import { compileScript } from '../packages/runtime/src/worker/compile.ts';
import { toBody, wrapScript } from '../packages/runtime/src/worker/script-body.ts';
import { toCode, Vm } from '../packages/runtime/src/worker/vm.ts';

/** What was measured; `inWorkerMs` is the part between the arrival of the run and its end there. */
export interface Sample {
  readonly what: string;
  readonly ms: number;
  readonly inWorkerMs?: number;
}

const [task, sourceFile, folder] = process.argv.slice(2) as [string, string, string];
const source = readFileSync(sourceFile, 'utf8');
const codeFile = join(folder, 'code');
const secret = 'the secret of a benchmark';
const store = () => sqliteBytecodeStore(join(folder, 'code.db'));
/** Sources of over a mebibyte are allowed here. */
const options: RuntimeOptions = { poolSize: 2, limits: { sourceBytes: 2 * 1024 * 1024 } };

const settledAfterMs = 300;

const tasks: Readonly<Record<string, () => Promise<Sample[]>>> = {
  /** Fills the store, and keeps V8's code in a file as well. */
  async fill() {
    const filled = store();
    const put = filled.put.bind(filled);
    filled.put = async (key, bytes) => {
      writeFileSync(codeFile, openCode(Buffer.from(secret), key, bytes)!);
      await put(key, bytes);
    };
    await using runtime = await createRuntime({ ...options, cache: { store: filled, secret } });
    await run(runtime, 'a');
    return [];
  },
  async plain() {
    await using runtime = await createRuntime(options);
    await allWarm(runtime);
    return [{ ...(await run(runtime, 'a')), what: 'without cache' }];
  },
  /** From the store, then for another tenant from memory, then in a VM that has the script. */
  async cached() {
    await using runtime = await createRuntime({ ...options, cache: { store: store(), secret } });
    const samples: Sample[] = [];
    for (const tenant of ['a', 'b', 'b']) {
      // What a worker loads 100 ms after its start is not to fall into a later run.
      if (samples.length === 1) await setTimeout(settledAfterMs);
      await allWarm(runtime);
      samples.push(await run(runtime, tenant));
    }
    return samples[0]?.what === 'miss' ? [{ ...samples[0], what: 'with a store, miss' }] : samples;
  },
  /** What a worker does to compile, from the source and from the code, each in an isolate of its own. */
  async compile() {
    return [{ what: 'from source', ms: await compile(undefined) }];
  },
  async 'compile-code'() {
    if (!existsSync(codeFile)) return [];
    return [{ what: 'from code', ms: await compile(readFileSync(codeFile)) }];
  },
};

/** Not while a worker makes a VM, at the start or in the place of the last. */
async function allWarm(runtime: Runtime): Promise<void> {
  while (runtime.stats().pool.warm < 2) await setTimeout(1);
}

async function run(runtime: Runtime, tenant: string): Promise<Sample> {
  const begun = performance.now();
  const { usage } = await runtime.execute(source, {}, { tenant: { id: tenant } });
  return { what: usage.cache, ms: performance.now() - begun, inWorkerMs: usage.wallMs };
}

async function compile(bytes: Uint8Array | undefined): Promise<number> {
  const vm = new Vm(0, 128);
  const script = wrapScript(toBody(source));
  const code = bytes === undefined ? undefined : toCode(bytes);
  // A worker has compiled something before the first script comes.
  await compileScript(vm, wrapScript('return 1'), undefined);
  const begun = performance.now();
  const { how } = await compileScript(vm, script, code);
  const ms = performance.now() - begun;
  if (how !== (bytes === undefined ? 'source' : 'code')) throw new Error(`compiled from ${how}`);
  return ms;
}

console.log(JSON.stringify(await tasks[task]!()));
// isolated-vm's own threads would hold the process up.
process.exit(0);
