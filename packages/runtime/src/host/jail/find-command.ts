import { accessSync, constants } from 'node:fs';

/** Not those of `PATH`: what the jail is made with is not for the embedder's environment to say. */
const folders = ['/usr/bin', '/bin', '/usr/local/bin', '/run/current-system/sw/bin'] as const;

/** The path of a program of the system; undefined when it is not installed. */
export function findCommand(name: string): string | undefined {
  return folders
    .map((folder) => `${folder}/${name}`)
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
