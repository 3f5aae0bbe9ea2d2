import { fileSystemArguments } from './file-system.ts';
import { findCommand } from './find-command.ts';
import type { JailLayer } from './layers.ts';
import { resourceLimitArguments } from './resource-limits.ts';
import { seccompFilter } from './seccomp-filter.ts';

/** How a program is started: through which others, and as whom. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  /**
   * Set when the program is in namespaces of its own, and so a grandchild of the process that is
   * started (`bwrap`). The filter is what that is to read from `filterDescriptor`.
   */
  readonly namespaces: { readonly filter: Buffer | undefined } | undefined;
}

/** The pipe of the program, on which a line has to come before anything else is started. */
export const pipeDescriptor = 3;
/** Where `bwrap` says, as JSON, which process it has started. */
export const statusDescriptor = 5;
/** Where `bwrap` reads the seccomp filter from. */
export const filterDescriptor = 6;

const nobody = 65_534;
const niceness = 5;

/**
 * Wraps a command in layers. `bwrap` stays beside what it starts, and must outlive the signals that a
 * terminal or a service manager sends to everybody: what becomes of the runs is for the host to say.
 * @param command - Node, and what it runs.
 * @param folders - what it may see of the file system, besides Node.
 * @throws {Error} when a layer needs a command that is not installed.
 */
export function launchThrough(
  layers: ReadonlySet<JailLayer>,
  command: readonly string[],
  folders: readonly string[],
): Launch {
  const hasOwnUser = layers.has('unprivileged-user') && process.getuid?.() === 0;
  const isApart = layers.has('namespaces');
  const filter = layers.has('seccomp') ? seccompFilter(process.arch) : undefined;
  const [first, ...args] = [
    ...(layers.has('low-priority') ? [installed('nice'), '-n', String(niceness)] : []),
    ...(layers.has('resource-limits')
      ? [installed('prlimit'), ...resourceLimitArguments(hasOwnUser)]
      : []),
    // These two replace themselves, and do so while the host sees to the control group.
    ...(isApart
      ? [
          installed('sh'),
          '-c',
          `trap "" HUP INT TERM; read -r _ <&${pipeDescriptor}; exec "$@"`,
          'sh',
          installed('bwrap'),
          ...namespaceArguments(filter),
          ...fileSystemArguments(folders),
          '--',
        ]
      : []),
    ...command,
  ];
  return {
    command: first!,
    args,
    user: hasOwnUser ? { uid: nobody, gid: nobody } : undefined,
    namespaces: isApart ? { filter } : undefined,
  };
}

function namespaceArguments(filter: Buffer | undefined): string[] {
  return [
    '--unshare-user',
    '--unshare-net',
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
    ...`--uid ${nobody} --gid ${nobody} --hostname worker --cap-drop ALL`.split(' '),
    '--new-session',
    '--die-with-parent',
    '--json-status-fd',
    String(statusDescriptor),
    ...(filter === undefined ? [] : ['--seccomp', String(filterDescriptor)]),
  ];
}

function installed(name: string): string {
  const file = findCommand(name);
  if (file === undefined) throw new Error(`${name} is not installed`);
  return file;
}
