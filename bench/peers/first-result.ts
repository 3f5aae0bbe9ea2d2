/**
 * Runs a tiny script, the first in this process, which is new. The argument says with which peer. Prints
 * the milliseconds from opening the peer to the result.
 */
import { isDeepStrictEqual } from 'node:util';
import { peers } from './peers.ts';
import { tiny } from './tiny.ts';

const peer = await peers[process.argv[2]!]!();
const begun = performance.now();
const open = await peer.open();
const { output } = await open.run(tiny.source, tiny.input, 'one');
const ms = performance.now() - begun;
if (!isDeepStrictEqual(output, { sum: 3 })) throw new Error(`gave ${JSON.stringify(output)}`);
process.stdout.write(`${ms}\n`, () => {
  // What a peer has started would hold the process up.
  process.exit(0);
});
