import { readdir, readFile } from 'node:fs/promises';
import { residentBytes } from '../measure.ts';

/** Resident memory of a process and all that it has started, in bytes, as Linux tells; 0 elsewhere. */
export async function treeResidentBytes(pid: number): Promise<number> {
  let sum = await residentBytes(pid);
  for (const child of await childrenOf(pid)) sum += await treeResidentBytes(child);
  return sum;
}

async function childrenOf(pid: number): Promise<number[]> {
  const children: number[] = [];
  try {
    for (const task of await readdir(`/proc/${pid}/task`)) {
      const text = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8');
      children.push(...text.split(' ').filter(Boolean).map(Number));
    }
  } catch {
    // It has ended, or this is not Linux.
  }
  return children;
}
