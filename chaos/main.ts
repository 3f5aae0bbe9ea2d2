/**
 * `npm run chaos -- --minutes 5 --seed 1`: good and hostile tenants on workers that are killed, stopped
 * and starved at random. The seed decides what each actor does, not how they meet. Prints a ledger; the
 * exit status is 1 when an invariant was broken. SIGINT ends it early.
 */
import { parseArgs } from 'node:util';
import { playChaos } from './chaos.ts';
import { Ledger } from './ledger.ts';
import { printLedger, printProgress } from './print-ledger.ts';

const progressMs = 10_000;
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0) || !Number.isInteger(seed) || process.platform !== 'linux') {
  console.error('usage, on Linux: npm run chaos -- --minutes N --seed S');
  process.exit(2);
}

console.log(`chaos with seed ${seed} for ${minutes} minutes`);
const ledger = new Ledger();
const end = new AbortController();
// Ends by itself at the second one, if it has to.
process.once('SIGINT', () => end.abort());
const timer = setTimeout(() => end.abort(), minutes * 60_000);
const progress = setInterval(() => printProgress(ledger), progressMs);
const losses = await playChaos(seed, ledger, end.signal);
clearTimeout(timer);
clearInterval(progress);
printLedger(ledger, losses);
process.exitCode = ledger.isBroken ? 1 : 0;
