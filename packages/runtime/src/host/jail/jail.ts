import { setTimeout } from 'node:timers/promises';
import { createError } from '../../errors.ts';
import { publish } from '../events.ts';
import { programCommand, programFolders, type WorkerProgram } from '../worker-program.ts';
import {
  areLayersKnown,
  expectedLayers,
  findLayers,
  givenLayers,
  haveWorked,
  type FoundLayers,
} from './find-layers.ts';
import { launchThrough, type Launch } from './launch.ts';
import { jailLayers, type JailLayer, type JailMode } from './layers.ts';

/** A worker that takes longer to start may hang in the jail, in milliseconds. */
const maxStartMs = 2000;

/** The layers in which the child processes of one runtime are started. */
export class Jail {
  /** Those that are on, in the order of `jailLayers`. */
  readonly layers: readonly JailLayer[];
  readonly #layers: ReadonlySet<JailLayer>;
  readonly #launches = new Map<WorkerProgram, Launch>();

  constructor(layers: ReadonlySet<JailLayer>) {
    this.#layers = layers;
    this.layers = jailLayers.filter((layer) => layers.has(layer));
  }

  /** How a program is started in it. */
  launch(program: WorkerProgram): Launch {
    let launch = this.#launches.get(program);
    if (launch === undefined) {
      launch = launchThrough(this.#layers, programCommand(program), programFolders(program));
      this.#launches.set(program, launch);
    }
    return launch;
  }
}

/**
 * Finds out what this machine allows, and says so (`cloister:jail`).
 * @throws {CloisterError} `worker_start_failed` when all layers are asked for and some cannot be had.
 */
export async function openJail(mode: JailMode): Promise<Jail> {
  return jailOf(mode, mode === 'none' ? withoutLayers() : await findLayers());
}

/**
 * Starts workers in a jail. The first start in a process is the trial, too: it begins with all layers
 * that ought to work here, and what does is found out only when no worker comes up in them.
 * @param start - is called again then; what it started before is gone, or is disposed of if it comes at last.
 * @throws {CloisterError} what `openJail` throws, and what `start` does.
 */
export async function startInJail<Started extends AsyncDisposable>(
  mode: JailMode,
  start: (jail: Jail) => Promise<Started>,
): Promise<Started> {
  if (mode === 'none' || areLayersKnown()) return start(await openJail(mode));
  const expected = expectedLayers();
  const first = start(jailOf(mode, expected));
  const outcome = first.then(
    () => 'started' as const,
    () => 'failed' as const,
  );
  if (
    (await Promise.race([outcome, setTimeout(maxStartMs, 'late', { ref: false })])) === 'started'
  ) {
    haveWorked(expected);
    return first;
  }
  const { layers } = await findLayers();
  // Then it is something else.
  if (layers.size === expected.layers.size) return first;
  void first.then(
    (started) => started[Symbol.asyncDispose](),
    () => {},
  );
  return start(await openJail(mode));
}

function withoutLayers(): FoundLayers {
  return { layers: new Set(givenLayers()), missing: new Map() };
}

function jailOf(mode: JailMode, { layers, missing }: FoundLayers): Jail {
  if (mode === 'strict' && missing.size > 0) {
    const reasons = [...missing].map(([layer, reason]) => `${layer} (${reason})`);
    throw createError(
      'worker_start_failed',
      `jail: 'strict' asks for layers that cannot be had here: ${reasons.join(', ')}`,
    );
  }
  const jail = new Jail(layers);
  publish('cloister:jail', () => ({ layers: jail.layers, missing: Object.fromEntries(missing) }));
  return jail;
}
