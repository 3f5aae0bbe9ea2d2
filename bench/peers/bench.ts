import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { firstOutput } from '../first-output.ts';
import type { Extent } from '../tiny-run.ts';
import { columns, groups, type Cell, type Group } from './columns.ts';
import { installPeers } from './install.ts';
import { baseline, peers } from './peers.ts';
import { printPeers, type PeerRow } from './table.ts';

const peerProcess = fileURLToPath(new URL('peer-process.ts', import.meta.url));
const firstResult = fileURLToPath(new URL('first-result.ts', import.meta.url));
/** A process that measures a group is ended then. */
const maxGroupMs = 20_000;
/** From then on nothing is measured any more. */
const maxTableMs = 345_000;
/** One of each kind: of this repository, of its dependencies, of this folder's package, of Node. */
const smokePeers: readonly string[] = ['cloister', baseline, 'quickjs-emscripten', 'node-vm'];

type OpenRow = PeerRow & { readonly id: string; missing: string | undefined };

/**
 * Cloister and what else runs scripts, side by side. What is compared is measured close together: all
 * peers take their turn at one group of columns before the next begins.
 */
export async function comparePeers(extent: Extent): Promise<void> {
  const scale = extent === 'full' ? 1 : 0.02;
  if (extent === 'full') await installPeers();
  const begun = performance.now();
  const rows = await openRows(extent === 'full' ? Object.keys(peers) : smokePeers);
  const rounds = Math.ceil(5 * scale);
  const bareMs = await firstOutput({ file: process.execPath, args: ['-p', '1'] }, rounds);
  // Who gives no first result has none to measure.
  for (const group of ['first', ...groups.filter((each) => each !== 'first')] as Group[]) {
    for (const row of rows) {
      if (row.missing !== undefined) continue;
      console.error(`${seconds(begun)}  ${group}: ${row.peer.name}`);
      if (performance.now() - begun > maxTableMs) leaveOut(row, group, 'no time left');
      else if (group === 'first') await measureFirst(row, rounds);
      else await measureGroup(row, group, scale);
    }
  }
  printPeers(rows, `a bare Node process prints its first line after ${bareMs.toFixed(0)} ms`);
  console.error(`${seconds(begun)}  done`);
}

async function openRows(ids: readonly string[]): Promise<OpenRow[]> {
  const rows: OpenRow[] = [];
  for (const id of ids) {
    const peer = await peers[id]!();
    rows.push({ id, peer, missing: undefined, cells: new Map(), isBaseline: id === baseline });
  }
  return rows;
}

async function measureFirst(row: OpenRow, rounds: number): Promise<void> {
  const args = ['--no-node-snapshot', firstResult, row.id];
  try {
    const value = await firstOutput({ file: process.execPath, args }, rounds);
    row.cells.set('first', { key: 'first', value });
  } catch (error) {
    const [reason = ''] = (error as Error).message.split(' imported from', 1);
    row.missing = `${reason.startsWith('Cannot find package') ? 'not installed' : 'does not run here'}: ${reason}`;
  }
}

/** One group, in a process of its own: what a peer leaves behind or takes down is gone with it. */
async function measureGroup(row: OpenRow, group: Group, scale: number): Promise<void> {
  const args = ['--no-node-snapshot', peerProcess, row.id, group, String(scale)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  // Asked first, so that it ends what it has started.
  const timers = [
    setTimeout(() => child.kill('SIGTERM'), maxGroupMs),
    setTimeout(() => child.kill('SIGKILL'), maxGroupMs + 2000),
  ];
  const begun = performance.now();
  const closed = once(child, 'close');
  for await (const line of createInterface(child.stdout)) {
    const cell = JSON.parse(line) as Cell;
    row.cells.set(cell.key, cell);
  }
  const [code, signal] = (await closed) as [number | null, string | null];
  for (const timer of timers) clearTimeout(timer);
  const late =
    performance.now() - begun >= maxGroupMs ? `not done after ${maxGroupMs / 1000} s` : undefined;
  leaveOut(row, group, late ?? `its process ended with ${signal ?? code}`);
}

/** Says why what is not measured of a group is not. */
function leaveOut({ cells }: OpenRow, group: Group, reason: string): void {
  for (const { key } of columns[group]) if (!cells.has(key)) cells.set(key, { key, reason });
}

function seconds(begun: number): string {
  return `${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s`;
}
