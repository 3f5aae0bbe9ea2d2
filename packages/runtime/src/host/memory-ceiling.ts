import {
  close,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  write,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** How the two versions of control groups call what is needed of them. */
interface Version {
  /** Where this process's own group lies, if there are groups of this version. */
  ownGroup(): string | undefined;
  readonly limitFile: string;
  /** A file with a line `oom_kill` and how often the kernel killed for want of memory. */
  readonly killsFile: string;
}

const versions: readonly Version[] = [
  {
    ownGroup: () => groupIn('cgroup2', (line) => line.startsWith('0::')),
    limitFile: 'memory.max',
    killsFile: 'memory.events',
  },
  {
    ownGroup: () => groupIn('cgroup', (line) => /^\d+:(\w+,)*memory(,\w+)*:/.test(line), 'memory'),
    limitFile: 'memory.limit_in_bytes',
    killsFile: 'memory.oom_control',
  },
];

/** What the kernel lets a worker have beyond the ceiling that the host watches, which is to act first. */
const slack = 1.25;
const prefix = 'cloister-';
const maxRemovals = 20;
const removalMs = 50;
/** Where groups can be made, and how they are called there. */
let place: { readonly parent: string; readonly version: Version } | 'none' | undefined;
let last = 0;

/**
 * A control group for one worker, in which the kernel ends it when it takes too much memory: the host
 * looks every 100 ms only. There is one where this process may make control groups, as root may on most
 * machines, and in a unit of systemd with `Delegate=yes`. Linux only. Owned by the worker's process.
 */
export class MemoryCeiling {
  readonly #folder: string;
  readonly #version: Version;

  private constructor(folder: string, given: Version) {
    this.#folder = folder;
    this.#version = given;
  }

  /**
   * To be called a little before the first process is enclosed. Before it moves any, the kernel waits until
   * every core has been seen (RCU), for some 10 ms; whoever comes within the next ones does not wait. So
   * this process is put where it already is.
   */
  static prepare(): void {
    place ??= findPlace();
    if (place === 'none') return;
    void addTo(place.parent, process.pid);
  }

  /** @returns undefined where there can be none. */
  static open(maxMb: number): MemoryCeiling | undefined {
    place ??= findPlace();
    if (place === 'none') return undefined;
    const { parent, version } = place;
    const folder = join(parent, `${prefix}${process.pid}-${++last}`);
    try {
      mkdirSync(folder);
      const bytes = Math.round(maxMb * slack) * 1024 * 1024;
      writeFileSync(join(folder, version.limitFile), String(bytes));
      return new MemoryCeiling(folder, version);
    } catch {
      remove(folder);
      return undefined;
    }
  }

  /** Takes a process in, and with it all that it starts from then on. */
  enclose(pid: number): Promise<void> {
    return addTo(this.#folder, pid);
  }

  /** Whether the kernel has killed for want of memory in it. */
  get hasKilled(): boolean {
    try {
      const text = readFileSync(join(this.#folder, this.#version.killsFile), 'utf8');
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
    } catch {
      return false;
    }
  }

  /** Removes it, as soon as the last process has left it. */
  close(): void {
    void this.#remove();
  }

  async #remove(): Promise<void> {
    for (let i = 0; i < maxRemovals && !remove(this.#folder); i++) {
      await setTimeout(removalMs, undefined, { ref: false });
    }
  }
}

/**
 * Puts a process into a group, unless it has ended or may not be moved; the host's watch is still there.
 * The write is under way when this returns: the event loop may be busy for longer than it takes.
 */
function addTo(folder: string, pid: number): Promise<void> {
  return new Promise((resolve) => {
    try {
      const file = openSync(join(folder, 'cgroup.procs'), 'w');
      write(file, String(pid), () => close(file, () => resolve()));
    } catch {
      resolve();
    }
  });
}

/** The first place in which a group can be made; what hosts left behind that were killed is removed. */
function findPlace(): NonNullable<typeof place> {
  for (const version of versions) {
    try {
      const parent = version.ownGroup();
      if (parent === undefined) continue;
      removeOrphans(parent);
      const probe = join(parent, `${prefix}${process.pid}-probe`);
      mkdirSync(probe);
      const isOfUse = existsSync(join(probe, version.limitFile));
      remove(probe);
      if (isOfUse) return { parent, version };
    } catch {
      // Not mounted, or not for us.
    }
  }
  return 'none';
}

function removeOrphans(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (!existsSync(`/proc/${pid}`)) remove(join(parent, name));
  }
}

function remove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** The folder of this process's own group among those that are mounted with a file system type. */
function groupIn(
  type: string,
  isOwn: (line: string) => boolean,
  controller?: string,
): string | undefined {
  const own = readFileSync('/proc/self/cgroup', 'utf8').split('\n').find(isOwn);
  const mount = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(
      ([, , kind, options = '']) =>
        kind === type && (controller === undefined || options.split(',').includes(controller)),
    );
  if (own === undefined || mount?.[1] === undefined) return undefined;
  return join(mount[1], own.slice(own.indexOf(':', own.indexOf(':') + 1) + 1));
}
