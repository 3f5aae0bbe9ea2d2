import type { Json } from '../result.ts';

// A text of a character or two would make every line unreadable, and is no secret.
const minSecretLength = 4;
const minLineLength = 8;
/** Each line of a log is searched for each of these; the largest private keys have 52. */
const maxLines = 64;
/** Data that is nested more deeply is not looked through: it is hidden. */
const maxDepth = 200;

/**
 * Hides the secrets that a run was given from its logs and errors. Against accidents, not against a
 * script that wants to tell: it has the secret and can write it in any way it likes.
 */
export class SecretMask {
  /** Longest first: one may be the beginning of another. */
  #texts: readonly string[] = [];

  /** From now on a secret appears as `***`. */
  add(secret: string): void {
    const texts = new Set(this.#texts);
    for (const text of waysToPrint(secret)) texts.add(text);
    if (texts.size === this.#texts.length) return;
    this.#texts = [...texts].toSorted((a, b) => b.length - a.length);
  }

  /** A text without secrets. */
  text(text: string): string {
    let masked = text;
    for (const secret of this.#texts) masked = masked.replaceAll(secret, '***');
    return masked;
  }

  /** Data of a log line without secrets: in texts, in keys, and in numbers that are one. */
  data(data: Json[]): Json[] {
    return this.#texts.length === 0 ? data : data.map((item) => this.#json(item, maxDepth));
  }

  #json(value: Json, depth: number): Json {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') {
      const text = String(value);
      return this.text(text) === text ? value : '***';
    }
    if (typeof value !== 'object' || value === null) return value;
    if (depth === 0) return '***';
    if (Array.isArray(value)) return (value as Json[]).map((item) => this.#json(item, depth - 1));
    const entries = Object.entries(value).map(([key, item]) => [
      this.text(key),
      this.#json(item, depth - 1),
    ]);
    return Object.fromEntries(entries) as Record<string, Json>;
  }
}

/** A secret as it is, as the console shows it within an object, and as JSON. */
function waysToPrint(secret: string): string[] {
  if (secret.length < minSecretLength) return [];
  // Within an object the console prints each line of a text for itself.
  const lines = secret
    .split(/\r?\n/, maxLines)
    .filter((line) => line.trim().length >= minLineLength);
  return [secret, ...lines].flatMap((text) => {
    const json = JSON.stringify(text).slice(1, -1);
    const quoted = json.replaceAll('\\"', '"');
    return [text, json, quoted, quoted.replaceAll("'", "\\'")];
  });
}
