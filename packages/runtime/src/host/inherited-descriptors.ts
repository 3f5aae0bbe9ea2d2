import { existsSync, openSync, readdirSync, readFileSync } from 'node:fs';

const closeOnExec = 0o2000000;
let nullDescriptor: number | undefined;

/**
 * Covers what the embedder's process was itself started with and would hand on. Node marks what it
 * opens close-on-exec; a descriptor without that mark came from outside, and libuv leaves it open
 * in the child unless another is put in its place. Linux only: elsewhere nobody tells.
 * @param from - the first descriptor that the child is not given anyway.
 * @returns what to put in the places from there on.
 */
export function coveredDescriptors(from: number): ('ignore' | number)[] {
  const covered: ('ignore' | number)[] = [];
  for (const descriptor of inheritableDescriptors()) {
    if (descriptor < from) continue;
    nullDescriptor ??= openSync('/dev/null', 'r');
    while (covered.length < descriptor - from) covered.push('ignore');
    covered[descriptor - from] = nullDescriptor;
  }
  return covered;
}

function inheritableDescriptors(): number[] {
  const folder = '/proc/self/fdinfo';
  if (!existsSync(folder)) return [];
  const isInheritable = (name: string): boolean => {
    try {
      const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`${folder}/${name}`, 'utf8'))?.[1];
      return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
    } catch {
      // Closed meanwhile, as the one that lists the folder is.
      return false;
    }
  };
  return readdirSync(folder)
    .filter(isInheritable)
    .map(Number)
    .toSorted((a, b) => a - b);
}
