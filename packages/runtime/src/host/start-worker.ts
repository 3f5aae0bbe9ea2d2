import { BlackBox } from './black-box.ts';
import type { Jail } from './jail/jail.ts';
import { MemoryCeiling } from './memory-ceiling.ts';
import { WorkerProcess, type StartWorker } from './worker-process.ts';

/** Starts workers in a jail, each with its black box, and a ceiling of memory where there is one. */
export function workersIn(jail: Jail, maxWorkerMb: number): StartWorker {
  return (events) =>
    new WorkerProcess(jail.launch('worker'), events, {
      blackBox: BlackBox.open(),
      ceiling: MemoryCeiling.open(maxWorkerMb),
    });
}
