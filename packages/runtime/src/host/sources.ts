import { LRUCache } from 'lru-cache';

/** A source and the number by which host and workers call it. */
export interface NumberedSource {
  readonly id: number;
  readonly text: string;
}

/** Gives each source a number, the same for the same text as long as it is in use. */
export class Sources {
  readonly #known: LRUCache<string, NumberedSource>;
  #lastId = 0;

  constructor(kept: number) {
    this.#known = new LRUCache({ max: kept });
  }

  number(text: string): NumberedSource {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const source = { id: ++this.#lastId, text };
    this.#known.set(text, source);
    return source;
  }
}
