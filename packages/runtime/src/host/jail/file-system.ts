import { existsSync, realpathSync } from 'node:fs';

/** Read by libraries that Node loads, where they exist. */
const optionalFiles = ['/etc/alpine-release', '/etc/ld.so.cache'] as const;
const timeZoneLink = '/etc/localtime';

/**
 * The arguments by which `bwrap` makes the file system of a worker: Node, its shared libraries, and the
 * given folders, all read-only, in an empty one. No device, no temporary folder, no home.
 *
 * `/proc` is there, since a process learns in no other way how much memory it has; it shows the worker
 * alone, without the process that `bwrap` keeps beside it.
 * @param folders - where packages are found; those that are symbolic links lead to where they do here.
 */
export function fileSystemArguments(folders: readonly string[]): string[] {
  const files = new Set([
    process.execPath,
    ...sharedLibraries(),
    ...folders.map((folder) => realpathSync(folder)),
  ]);
  // What is in a folder that is shown is there already, as it is.
  const links = folders.filter(
    (folder) =>
      realpathSync(folder) !== folder && ![...files].some((file) => folder.startsWith(`${file}/`)),
  );
  return [
    ...[...files].flatMap((file) => ['--ro-bind', file, file]),
    ...links.flatMap((link) => ['--symlink', realpathSync(link), link]),
    ...optionalFiles.flatMap((file) => ['--ro-bind-try', file, file]),
    ...timeZoneArguments(),
    ...'--proc /proc --tmpfs /proc/1 --remount-ro /proc/1 --remount-ro / --chdir /'.split(' '),
  ];
}

let libraries: readonly string[] | undefined;

/** What this process has loaded is what a worker will: it runs the same Node. A report takes 5 ms. */
function sharedLibraries(): readonly string[] {
  return (libraries ??= loadedLibraries());
}

function loadedLibraries(): string[] {
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  const { excludeNetwork } = report;
  // Names of the network's other ends would be looked up.
  report.excludeNetwork = true;
  const { sharedObjects = [] } = report.getReport() as { sharedObjects?: string[] };
  report.excludeNetwork = excludeNetwork;
  return sharedObjects.filter(
    (file) => file.startsWith('/') && !file.endsWith('.node') && existsSync(file),
  );
}

/** The name of the time zone is that of the file that the link leads to. */
function timeZoneArguments(): string[] {
  if (!existsSync(timeZoneLink)) return [];
  const file = realpathSync(timeZoneLink);
  return [
    '--ro-bind',
    file,
    file,
    ...(file === timeZoneLink ? [] : ['--symlink', file, timeZoneLink]),
  ];
}
