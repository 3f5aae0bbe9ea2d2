import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { tryLaunch } from '../worker-process.ts';
import { programFile } from '../../own-files.ts';
import { programFolders } from '../worker-program.ts';
import { findCommand } from './find-command.ts';
import { launchThrough } from './launch.ts';
import type { JailLayer } from './layers.ts';
import { seccompFilter } from './seccomp-filter.ts';

/** The layers that this machine allows, and why it does not allow the others. */
export interface FoundLayers {
  readonly layers: ReadonlySet<JailLayer>;
  readonly missing: ReadonlyMap<JailLayer, string>;
}

/**
 * Layers that are tried out, those first that are worth more: where two do not go together, the second
 * is left out.
 */
const triedLayers: readonly JailLayer[] = [
  'namespaces',
  'seccomp',
  'resource-limits',
  'low-priority',
  'unprivileged-user',
];
/** A trial that takes longer has failed, and its layer is left out: so a busy machine must not take so long. */
const maxTrialMs = 5000;

let found: Promise<FoundLayers> | undefined;

/** Whether it is known in this process what works here. */
export function areLayersKnown(): boolean {
  return found !== undefined;
}

/**
 * Finds the layers that work here by starting Node in all of them at once, which takes some 20 ms; when
 * it does not start, in one after the other. Once for each process; never fails.
 */
export function findLayers(): Promise<FoundLayers> {
  found ??= find();
  return found;
}

/** A worker has started in these, and so they need not be tried out any more. */
export function haveWorked(layers: FoundLayers): void {
  found ??= Promise.resolve(layers);
}

/** The layers that nothing speaks against, as far as that can be told without starting anything. */
export function expectedLayers(): FoundLayers {
  const missing = new Map<JailLayer, string>();
  const layers = new Set(givenLayers());
  for (const layer of triedLayers) {
    if (layers.has(layer)) continue;
    const obstacle = obstacleTo(layer);
    if (obstacle === undefined) layers.add(layer);
    else missing.set(layer, obstacle);
  }
  return { layers, missing };
}

async function find(): Promise<FoundLayers> {
  const expected = expectedLayers();
  if ((await trial([...expected.layers])) === undefined) return expected;
  const missing = new Map(expected.missing);
  const layers = new Set(givenLayers());
  for (const layer of triedLayers) {
    if (layers.has(layer) || missing.has(layer)) continue;
    const needsOther = layer === 'seccomp' && !layers.has('namespaces');
    // In turn: each is tried together with those that were found to work.
    const failure = needsOther ? 'bwrap would set it up' : await trial([...layers, layer]);
    if (failure === undefined) layers.add(layer);
    else missing.set(layer, failure);
  }
  return { layers, missing };
}

/** The layers that are there without anything being done for them. */
export function givenLayers(): readonly JailLayer[] {
  const uid = process.getuid?.();
  const isUnprivileged = uid !== undefined && uid !== 0;
  return [
    'permissions',
    'no-environment',
    ...(isUnprivileged ? ['unprivileged-user' as const] : []),
  ];
}

async function trial(layers: readonly JailLayer[]): Promise<string | undefined> {
  try {
    const command = [process.execPath, '--version'];
    const launch = launchThrough(new Set(layers), command, programFolders('worker'));
    return await tryLaunch(launch, maxTrialMs);
  } catch (error) {
    return String(error);
  }
}

/** What makes a layer impossible, as far as that can be told without trying. */
function obstacleTo(layer: JailLayer): string | undefined {
  const needs = (command: string): string | undefined =>
    findCommand(command) === undefined ? `${command} is not installed` : undefined;
  if (process.platform !== 'linux') return 'it needs Linux';
  switch (layer) {
    case 'namespaces':
      return needs('bwrap') ?? needs('sh');
    case 'seccomp':
      if (seccompFilter(process.arch) === undefined)
        return `no filter is known for ${process.arch}`;
      return obstacleTo('namespaces');
    case 'resource-limits':
      return needs('prlimit');
    case 'low-priority':
      return needs('nice');
    case 'unprivileged-user':
      return obstacleToNobody();
    case 'permissions':
    case 'no-environment':
      return undefined;
  }
}

/** Why what a worker loads cannot be read by a user whom nothing belongs to. */
function obstacleToNobody(): string | undefined {
  try {
    const places = [process.execPath, programFile('worker'), ...programFolders('worker')];
    return places.map(unreadable).find((obstacle) => obstacle !== undefined);
  } catch (error) {
    // Something is not there; what that means is found out when a worker is started.
    return String(error);
  }
}

function unreadable(place: string): string | undefined {
  const stats = statSync(place);
  if ((stats.mode & 0o004) === 0) return `nobody cannot read ${place}`;
  let folder = stats.isDirectory() ? place : dirname(place);
  for (; folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return `nobody cannot enter ${folder}`;
  }
  return undefined;
}
