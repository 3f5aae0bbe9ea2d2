import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { readFrontMatter, type FrontMatter } from './front-matter.ts';
import type { Options } from './options.ts';

/** One file of the suite. */
export interface Test {
  /** Path below `test/`, with slashes. */
  readonly path: string;
  readonly source: string;
  readonly meta: FrontMatter;
}

/** A checkout of the public ECMAScript suite. Reads tests when they are asked for, harness files once. */
export class Suite {
  readonly #folder: string;
  readonly #harness = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Paths of the tests that were asked for, in the order of the alphabet.
   * @throws when the folder is not a checkout of the suite.
   */
  list({ filter, sample }: Pick<Options, 'filter' | 'sample'>): readonly string[] {
    const root = join(this.#folder, 'test');
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll(sep, '/'))
      .filter((path) => path.endsWith('.js') && !path.includes('_FIXTURE'))
      .filter((path) => path.startsWith(filter))
      .toSorted()
      .filter((_, index) => index % sample.of === sample.nth - 1);
  }

  read(path: string): Test {
    const source = readFileSync(join(this.#folder, 'test', path), 'utf8');
    try {
      return { path, source, meta: readFrontMatter(source) };
    } catch (error) {
      throw new SyntaxError(`${path}: its metadata cannot be read`, { cause: error });
    }
  }

  /** The text of a file in `harness/`. */
  harness(name: string): string {
    let text = this.#harness.get(name);
    if (text === undefined) {
      text = readFileSync(join(this.#folder, 'harness', name), 'utf8');
      this.#harness.set(name, text);
    }
    return text;
  }
}
