import { createError } from '../../errors.ts';
import { publish } from '../events.ts';
import { programCommand, programFolders, type WorkerProgram } from '../worker-program.ts';
import { findLayers, givenLayers, type FoundLayers } from './find-layers.ts';
import { launchThrough, type Launch } from './launch.ts';
import { jailLayers, type JailLayer, type JailMode } from './layers.ts';

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
  const { layers, missing }: FoundLayers =
    mode === 'none' ? { layers: new Set(givenLayers()), missing: new Map() } : await findLayers();
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
