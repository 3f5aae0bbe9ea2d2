import { deniedCalls, newestCall } from './denied-calls.ts';

/** What the kernel calls an architecture, and its numbers of the calls that are looked at more closely. */
interface Architecture {
  readonly audit: number;
  readonly column: 0 | 1;
  readonly clone: number;
  /** Numbers from here on are those of another way to call (x32); undefined where there is none. */
  readonly foreignFrom: number | undefined;
}

const architectures: Readonly<Record<string, Architecture>> = {
  x64: { audit: 0xc000003e, column: 0, clone: 56, foreignFrom: 0x40000000 },
  arm64: { audit: 0xc00000b7, column: 1, clone: 220, foreignFrom: undefined },
};

/** Offsets in what a filter is shown: `struct seccomp_data`. */
const numberAt = 0;
const architectureAt = 4;
const firstArgumentAt = 16;

const load = 0x20;
const jumpIfEqual = 0x15;
const jumpIfAtLeast = 0x35;
const jumpIfAnyBit = 0x45;
const end = 0x06;

const allow = 0x7fff0000;
const killProcess = 0x80000000;
const fail = 0x00050000;
const operationNotPermitted = 1;
const noSuchCall = 38;

const clone3 = 435;
const newThread = 0x00010000;

type Instruction = readonly [code: number, value: number, ifTrue?: number, ifFalse?: number];

/**
 * A program for the kernel (seccomp, classic BPF) that refuses a process what a worker never does:
 * sockets, new processes, mounts, namespaces, debugging, changes of files, and the less travelled
 * parts of the kernel. Calls newer than it knows are refused as absent, `clone3` too, since a filter
 * cannot look at what it is asked for: libraries then fall back to `clone`, which makes threads only.
 * @param architecture - as `process.arch` names it.
 * @returns undefined for an architecture whose numbers are not known here.
 */
export function seccompFilter(architecture: string): Buffer | undefined {
  const target = architectures[architecture];
  if (target === undefined) return undefined;
  const denied = Object.values(deniedCalls).flatMap((numbers) => numbers[target.column] ?? []);
  const refusal: Instruction = [end, fail | operationNotPermitted];
  return assemble([
    [load, architectureAt],
    [jumpIfEqual, target.audit, 1, 0],
    [end, killProcess],
    [load, numberAt],
    ...foreign(target),
    [jumpIfEqual, clone3, 1, 0],
    [jumpIfAtLeast, newestCall + 1, 0, 1],
    [end, fail | noSuchCall],
    [jumpIfEqual, target.clone, 0, 4],
    [load, firstArgumentAt],
    [jumpIfAnyBit, newThread, 0, 1],
    [end, allow],
    refusal,
    // Each jumps over those that are left, and over what allows, to the refusal.
    ...denied.map((number, index): Instruction => [jumpIfEqual, number, denied.length - index, 0]),
    [end, allow],
    refusal,
  ]);
}

function foreign({ foreignFrom }: Architecture): Instruction[] {
  if (foreignFrom === undefined) return [];
  return [
    [jumpIfAtLeast, foreignFrom, 0, 1],
    [end, killProcess],
  ];
}

/** As the kernel wants it: `struct sock_filter`, little-endian on both architectures. */
function assemble(instructions: readonly Instruction[]): Buffer {
  const program = Buffer.alloc(8 * instructions.length);
  for (const [index, [code, value, ifTrue = 0, ifFalse = 0]] of instructions.entries()) {
    program.writeUInt16LE(code, 8 * index);
    // A jump over more than 255 instructions does not fit, and throws here.
    program.writeUInt8(ifTrue, 8 * index + 2);
    program.writeUInt8(ifFalse, 8 * index + 3);
    program.writeUInt32LE(value, 8 * index + 4);
  }
  return program;
}
