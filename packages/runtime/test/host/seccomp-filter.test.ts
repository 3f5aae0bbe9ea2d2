import { describe, expect, test } from 'vitest';
import { deniedCalls, newestCall } from '../../src/host/jail/denied-calls.ts';
import { seccompFilter } from '../../src/host/jail/seccomp-filter.ts';

const audit = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;
type Architecture = keyof typeof audit;
const columns = { x64: 0, arm64: 1 } as const;
const architectures = Object.keys(audit) as Architecture[];

/** Calls without which no worker runs: read, write, mmap, mprotect, munmap, futex, execve, exit_group, epoll_pwait. */
const needed: Readonly<Record<Architecture, readonly number[]>> = {
  x64: [0, 1, 9, 10, 11, 202, 59, 231, 281],
  arm64: [63, 64, 222, 226, 215, 98, 221, 94, 22],
};
const clone: Readonly<Record<Architecture, number>> = { x64: 56, arm64: 220 };
const clone3 = 435;
const threadFlags = 0x3d0f00;
const forkFlags = 0x1200011;

/** What the kernel does of a call that a filter is asked about, as the kernel would run it. */
function verdict(filter: Buffer, architecture: number, call: number, argument = 0): string {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call, 0);
  data.writeUInt32LE(architecture, 4);
  data.writeBigUInt64LE(BigInt(argument), 16);
  let value = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const operand = filter.readUInt32LE(at + 4);
    const jump = (holds: boolean): void => void (at += 8 * filter[at + (holds ? 2 : 3)]!);
    const code = filter.readUInt16LE(at);
    if (code === 0x20) value = data.readUInt32LE(operand);
    else if (code === 0x15) jump(value === operand);
    else if (code === 0x35) jump(value >= operand);
    else if (code === 0x45) jump((value & operand) !== 0);
    else if (code === 0x06) return verdicts.get(operand) ?? operand.toString(16);
    else throw new Error(`an instruction that there is not: ${code}`);
  }
  throw new Error('the filter has no end');
}

const verdicts = new Map([
  [0x7fff0000, 'allowed'],
  [0x80000000, 'killed'],
  [0x00050001, 'EPERM'],
  [0x00050026, 'ENOSYS'],
]);

describe.each(architectures)('the seccomp filter for %s', (name) => {
  const filter = seccompFilter(name)!;
  const of = (call: number, argument?: number): string =>
    verdict(filter, audit[name], call, argument);

  test('refuses every call of the list', () => {
    const calls = Object.values(deniedCalls).flatMap((numbers) => numbers[columns[name]] ?? []);
    expect(calls.length).toBeGreaterThan(80);
    expect(new Set(calls).size).toBe(calls.length);
    expect(calls.filter((call) => of(call) !== 'EPERM')).toEqual([]);
  });

  test('allows what every worker needs', () => {
    expect(needed[name].filter((call) => of(call) !== 'allowed')).toEqual([]);
  });

  test('allows threads, and no processes', () => {
    expect(of(clone[name], threadFlags)).toBe('allowed');
    expect(of(clone[name], forkFlags)).toBe('EPERM');
    expect(of(clone[name], 0x10000000)).toBe('EPERM');
    // So that the C library falls back to what can be looked at.
    expect(of(clone3, threadFlags)).toBe('ENOSYS');
  });

  test('takes calls that are newer than itself for absent', () => {
    for (const call of [newestCall + 1, 500, 0x3fffffff]) expect(of(call)).toBe('ENOSYS');
  });

  test('kills a process that calls as on another architecture', () => {
    for (const other of architectures.filter((each) => each !== name)) {
      expect(verdict(filter, audit[other], needed[name][0]!)).toBe('killed');
    }
    expect(verdict(filter, 0x40000003, 0)).toBe('killed');
  });
});

test('the seccomp filter for x64 kills a process that calls by the numbers of x32', () => {
  expect(verdict(seccompFilter('x64')!, audit.x64, 0x40000000 + 41)).toBe('killed');
});

test('there is no seccomp filter for an architecture whose numbers are not known', () => {
  expect(seccompFilter('s390x')).toBeUndefined();
});
