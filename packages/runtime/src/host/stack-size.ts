import { readFileSync } from 'node:fs';

/** What isolated-vm's threads have, about; scripts find nearly as much in the worker's own thread. */
const wantedKib = 7000;
/** What is left to frames that V8 does not count. */
const reserveKib = 1100;

/**
 * The flag that gives scripts, where a worker's own thread executes them, as deep a stack as they have
 * in the threads of isolated-vm; without it V8 takes 984 KiB. Never more than the system lets that
 * thread have, since beyond that the process dies.
 */
export function stackSizeFlag(): readonly string[] {
  const kib = Math.min(wantedKib, stackLimitKib() - reserveKib);
  return kib > 984 ? [`--stack-size=${Math.floor(kib)}`] : [];
}

/** The stack that a process may have on this machine, in KiB; 0 where nothing is known of it. */
function stackLimitKib(): number {
  try {
    const line = /^Max stack size\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    if (line?.[1] === 'unlimited') return Infinity;
    return Number(line?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
