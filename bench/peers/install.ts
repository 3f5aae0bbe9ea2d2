import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const folder = fileURLToPath(new URL('.', import.meta.url));

/**
 * Installs the package of this folder if it is not there. All that it depends on is optional, so that
 * one that cannot be had does not keep the others away. Not `npm ci`: it refuses a lockfile when a
 * registry lacks a package of another platform.
 */
export async function installPeers(): Promise<void> {
  if (existsSync(new URL('node_modules', import.meta.url))) return;
  console.error('Installing the peers, in bench/peers (140 MB)');
  try {
    await promisify(execFile)('npm', ['install', '--no-save', '--prefix', folder], {
      shell: process.platform === 'win32',
      timeout: 300_000,
    });
  } catch (error) {
    console.error(`They could not be installed: ${String(error)}`);
  }
}
