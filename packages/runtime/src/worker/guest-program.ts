import { readFileSync } from 'node:fs';
import { assembleGuest } from './guest-text.ts';

/** The guest as realms are made with it, and what an earlier VM has found out about it. */
export interface GuestProgram {
  readonly text: string;
  /** V8's code of it, made where it had run; V8 refuses what does not fit. */
  readonly code?: Uint8Array;
  /** The ways to all intrinsics of a realm without bindings. */
  readonly plan?: string;
}

/** The first line of a built guest: which Node it is for, and how long its parts are. */
interface Head {
  readonly node: string;
  readonly text: number;
  readonly plan: number;
}

/**
 * The guest: in the repository its files, put together; in a built package one file beside the
 * worker's, written by {@link file://./build-guest.ts}. What that says of the guest is taken only by
 * the very build of Node that it was found with: a plan of another might leave an intrinsic out.
 */
export function readGuest(): GuestProgram {
  const here = import.meta.url;
  if (here.endsWith('.ts')) return { text: assembleGuest(new URL('../../guest/', here)) };
  return parseGuest(readFileSync(new URL('guest.bin', here)));
}

/** @returns the bytes of a built guest. */
export function printGuest({ text, code, plan = '' }: GuestProgram): Buffer {
  const [textBytes, planBytes] = [Buffer.from(text), Buffer.from(plan)];
  const head: Head = { node: thisNode(), text: textBytes.length, plan: planBytes.length };
  const line = Buffer.from(`${JSON.stringify(head)}\n`);
  return Buffer.concat([line, textBytes, planBytes, code ?? Buffer.alloc(0)]);
}

/** Reads what `printGuest` has printed. */
export function parseGuest(bytes: Buffer): GuestProgram {
  const textAt = bytes.indexOf('\n') + 1;
  const head = JSON.parse(bytes.toString('utf8', 0, textAt)) as Head;
  const planAt = textAt + head.text;
  const codeAt = planAt + head.plan;
  const text = bytes.toString('utf8', textAt, planAt);
  if (head.node !== thisNode()) return { text };
  // A copy, since V8's code has to be aligned.
  const code = new Uint8Array(bytes.subarray(codeAt));
  return { text, plan: bytes.toString('utf8', planAt, codeAt), code };
}

/** The version alone does not say how Node was built, nor from which V8. */
function thisNode(): string {
  const { versions, config, arch, platform } = process;
  return JSON.stringify([versions, config, arch, platform]);
}
