import { randomFillSync } from 'node:crypto';

const words = new Uint32Array(1024);
let next = words.length;

/** 32 bits that nobody can guess, drawn from the system a few thousand bytes at a time. */
export function randomWord(): number {
  if (next === words.length) {
    randomFillSync(words);
    next = 0;
  }
  return words[next++]!;
}
