/**
 * Run by the build, in a process with the flags of a worker: writes the guest with what a VM has found out
 * about it to the file that the argument names. See {@link file://./guest-program.ts}.
 */
import { writeFileSync } from 'node:fs';
import { printGuest } from './guest-program.ts';
import { guestKept } from './realm.ts';
import { selfTest } from './self-test.ts';

const [, , file = ''] = process.argv;
const reason = await selfTest('[]', {
  isBusy: false,
  expectGrowth() {},
  offer: (cell) => cell.vm.close(),
  withdraw() {},
});
if (reason !== undefined) throw new Error(reason);
writeFileSync(file, printGuest(guestKept()));
