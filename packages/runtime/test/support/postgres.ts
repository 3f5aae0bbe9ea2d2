import { spawn, spawnSync, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** A throw-away Postgres server of one test file. */
export interface PostgresServer extends AsyncDisposable {
  /** The URL of its only database, by a Unix socket; its user may do anything. */
  readonly url: string;
  /** Begins to serve again after `stop()`. */
  start(): Promise<void>;
  /** Ends the server at once and leaves its data. */
  stop(): Promise<void>;
}

/** Where `postgres` and `initdb` are; undefined, with a printed note, where there are none. */
export const postgresBinaries: string | undefined = findBinaries();

/** Makes a cluster in a temporary folder and starts it; disposing of it deletes both. */
export async function startPostgres(): Promise<PostgresServer> {
  if (postgresBinaries === undefined) throw new Error('there is no Postgres server here');
  const folder = await mkdtemp(join(tmpdir(), 'cloister-pg-'));
  const account = serverAccount();
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid ?? 0);
  const server = new ThrowAwayServer(postgresBinaries, folder, account);
  try {
    server.initialise();
    await server.start();
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

type Account = Pick<SpawnOptions, 'uid' | 'gid'>;

class ThrowAwayServer implements PostgresServer {
  readonly url: string;
  readonly #binaries: string;
  readonly #folder: string;
  readonly #options: SpawnOptions;
  #process: ReturnType<typeof spawn> | undefined;

  constructor(binaries: string, folder: string, account: Account) {
    this.#binaries = binaries;
    this.#folder = folder;
    this.#options = { ...account, cwd: folder, env: { LC_ALL: 'C', PATH: process.env['PATH'] } };
    this.url = `postgres://cloister@localhost/postgres?host=${encodeURIComponent(folder)}`;
  }

  initialise(): void {
    const flags = ['--no-sync', '--auth=trust', '--username=cloister', '--encoding=UTF8'];
    const { status, stderr, error } = spawnSync(
      join(this.#binaries, 'initdb'),
      [...flags, '-D', join(this.#folder, 'data')],
      { ...this.#options, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`initdb failed: ${stderr}`, { cause: error });
  }

  async start(): Promise<void> {
    const settings = [`unix_socket_directories=${this.#folder}`, 'listen_addresses=', 'fsync=off'];
    const child = spawn(
      join(this.#binaries, 'postgres'),
      ['-D', join(this.#folder, 'data'), ...settings.flatMap((setting) => ['-c', setting])],
      { ...this.#options, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#process = child;
    let log = '';
    child.stderr?.on('data', (piece: Buffer) => (log = (log + piece.toString()).slice(-4096)));
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`postgres ended: ${log}`);
      await delay(50);
    }
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exit = once(child, 'exit');
    // The server's immediate shutdown; it ends its own children.
    child.kill('SIGQUIT');
    await exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 1_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  }
}

/** Postgres refuses to run as root: its own account then, or nobody's. */
function serverAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = ['postgres', 'nobody']
    .map((name) => accounts.find((entry) => entry.startsWith(`${name}:`)))
    .find((entry) => entry !== undefined);
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('no account to run Postgres with');
  return { uid: Number(uid), gid: Number(gid) };
}

function findBinaries(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''),
    ...listFolder(debian).map((version) => join(debian, version, 'bin')),
  ];
  const found = folders.find((folder) =>
    ['postgres', 'initdb'].every((name) => isExecutable(join(folder, name))),
  );
  if (found === undefined) {
    process.stderr.write('no Postgres server was found: tests that need one are skipped\n');
  }
  return found;
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
