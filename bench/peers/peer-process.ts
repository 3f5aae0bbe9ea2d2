/**
 * Measures one group of columns of one peer, in this process, which is new: see
 * {@link file://./measurements.ts}. Arguments: which peer, the group, the scale. Prints a cell of JSON
 * a line.
 */
import { columns, type Group } from './columns.ts';
import { measure } from './measurements.ts';
import { peers } from './peers.ts';

const [id, group, scale] = process.argv.slice(2) as [string, Group, string];

function print(line: unknown): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve());
  });
}

process.on('SIGTERM', () => process.exit(0));
const printed = new Set<string>();
try {
  const peer = await peers[id]!();
  for await (const cell of measure(peer, group, Number(scale))) {
    await print(cell);
    printed.add(cell.key);
  }
} catch (error) {
  const reason = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!;
  for (const { key } of columns[group]) if (!printed.has(key)) await print({ key, reason });
}
// What a peer has started would hold the process up.
process.exit(0);
