/** Prints one table after the other. `node --run bench -- NAME…` runs those that are named. */
import { compute } from './compute.ts';
import { fairness } from './fairness.ts';
import { firstRun } from './first-run.ts';
import { hostCall } from './host-call.ts';
import { manyInFlight } from './in-flight.ts';
import { longUse } from './long-use.ts';
import { overshoot } from './overshoot.ts';
import { memoryPerVm, vmCreation } from './realms.ts';
import { startToFirstResult } from './start.ts';
import { manyTenants } from './tenants.ts';
import { tinyRunLevels } from './levels.ts';
import { comparePeers } from './peers/bench.ts';
import { tinyRunLatency, tinyRunThroughput, type Extent } from './tiny-run.ts';
import { manyWaiting } from './waiting.ts';

const programs: Readonly<Record<string, (extent: Extent) => Promise<void>>> = {
  latency: tinyRunLatency,
  throughput: tinyRunThroughput,
  levels: tinyRunLevels,
  tenants: manyTenants,
  'in-flight': manyInFlight,
  waiting: manyWaiting,
  'host-call': hostCall,
  'vm-creation': vmCreation,
  memory: memoryPerVm,
  compute,
  fairness,
  overshoot,
  'long-use': longUse,
  start: startToFirstResult,
  'first-run': firstRun,
  peers: comparePeers,
};

const words = process.argv.slice(2);
const extent: Extent = words.includes('--smoke') ? 'smoke' : 'full';
const named = words.filter((word) => !word.startsWith('--'));
for (const name of named.length > 0 ? named : Object.keys(programs)) {
  const program = programs[name];
  if (program === undefined) {
    console.error(`there is no benchmark ${name}; there are ${Object.keys(programs).join(', ')}`);
    process.exit(2);
  }
  await program(extent);
}
// isolated-vm's own threads would hold the process up.
process.exit(0);
