import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, openSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import type { BlackBox } from './black-box.ts';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a worker process ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote on its standard error; V8 says there what was fatal to it. */
  readonly lastWords: string;
  /** The runs that it was executing; undefined when that is not known. */
  readonly executing: ReadonlySet<number> | undefined;
}

/** What the owner of a worker process is told. */
export interface WorkerProcessEvents {
  onData(piece: Buffer): void;
  /** The last event, and always one. */
  onExit(exit: WorkerExit): void;
}

const maxLastWords = 8 * 1024;
/** Sources run as they are in the repository, and as built files from the registry. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** What a child process runs: the `main` file of one of these rooms. */
export type WorkerProgram = 'worker' | 'eraser';

/**
 * A child process that runs {@link file://../worker/main.ts} or {@link file://../eraser/main.ts}: no
 * environment, no descriptor but its pipe (number 3), its black box (4) and its standard error, no
 * permission but to read the code that it runs.
 * Owned by one link.
 */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #pipe: Socket;
  readonly #errors: Socket;
  readonly #blackBox: BlackBox | undefined;
  #lastWords = '';

  constructor(program: WorkerProgram, events: WorkerProcessEvents, blackBox?: BlackBox) {
    this.#blackBox = blackBox;
    const main = fileURLToPath(new URL(`../${program}/main.${extension}`, import.meta.url));
    this.#child = spawn(process.execPath, [...flags[program](), main], {
      env: {},
      cwd: '/',
      stdio: [
        'ignore',
        'ignore',
        'pipe',
        'pipe',
        blackBox?.descriptor ?? 'ignore',
        ...coveredDescriptors(pipeDescriptor + 2),
      ],
      windowsHide: true,
    });
    this.#errors = this.#child.stdio[2] as Socket;
    this.#pipe = this.#child.stdio[3] as Socket;
    this.#errors.on('data', (piece: Buffer) => {
      this.#lastWords = (this.#lastWords + piece.toString()).slice(-maxLastWords);
    });
    this.#pipe.on('data', (piece: Buffer) => events.onData(piece));
    // A broken pipe is followed by an exit, which says more.
    this.#pipe.on('error', () => this.kill());
    let over = false;
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (over) return;
      over = true;
      this.#pipe.destroy();
      const executing = this.#blackBox?.executing();
      this.#blackBox?.close();
      events.onExit({ code, signal, lastWords: this.#lastWords, executing });
    };
    this.#child.on('error', (error) => {
      this.#lastWords += error.message;
      if (this.#child.pid === undefined) end(null, null);
    });
    // `close` comes after `exit`, when standard error has been read to its end.
    this.#child.on('close', end);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  write(frame: Buffer): void {
    if (this.#pipe.writable) this.#pipe.write(frame);
  }

  /** SIGKILL: a thread that V8 cannot stop would hold up every other way out. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Whether this worker keeps the embedder's process alive. */
  setReferenced(referenced: boolean): void {
    const method = referenced ? 'ref' : 'unref';
    this.#child[method]();
    this.#pipe[method]();
    this.#errors[method]();
  }
}

const pipeDescriptor = 3;
const closeOnExec = 0o2000000;
let nullDescriptor: number | undefined;

/**
 * Covers what the embedder's process was itself started with and would hand on. Node marks what it
 * opens close-on-exec; a descriptor without that mark came from outside, and libuv leaves it open
 * in the child unless another is put in its place. Linux only: elsewhere nobody tells.
 */
function coveredDescriptors(from: number): ('ignore' | number)[] {
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

const commonFlags = ['--no-node-snapshot', '--no-warnings', '--permission'] as const;
const maxParserMemoryMib = 512;

/** Flags of design section 12. */
const flags: Readonly<Record<WorkerProgram, () => readonly string[]>> = {
  // The loader of isolated-vm's binary looks at /etc/alpine-release.
  worker: () => [
    ...commonFlags,
    '--allow-addons',
    ...readableFolders().map((folder) => `--allow-fs-read=${folder}`),
    '--allow-fs-read=/etc/alpine-release',
  ],
  // The parser is WebAssembly, whose pages are 64 KiB; its memory never shrinks.
  eraser: () => [
    ...commonFlags,
    `--allow-fs-read=${ownFolder()}`,
    `--wasm-max-mem-pages=${maxParserMemoryMib * 16}`,
  ],
};

function ownFolder(): string {
  return realpathSync(fileURLToPath(new URL('../..', import.meta.url)));
}

let folders: readonly string[] | undefined;

/** What a worker loads: our own package and those that it imports. */
function readableFolders(): readonly string[] {
  folders ??= [
    ownFolder(),
    packageFolder('lru-cache', import.meta.url),
    packageFolder('isolated-vm', import.meta.url),
    packageFolder('node-gyp-build', packageFolder('isolated-vm', import.meta.url)),
  ].map((folder) => realpathSync(folder));
  return folders;
}

function packageFolder(name: string, from: string): string {
  const file = findPackageJSON(name, from);
  if (file === undefined) throw new Error(`the package ${name} is not installed`);
  return dirname(file);
}
