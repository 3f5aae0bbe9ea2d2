import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../escape/', import.meta.url);
const walker = readFileSync(new URL('../fixtures/walk.js', import.meta.url), 'utf8');

/** A string or template literal, as the formatter leaves it. */
const literal = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;

/** Templates that are put into others by their names. */
const named = /const (\w+) = (`(?:[^`\\]|\\.)*`)/g;

/** Reads a literal's value; undefined when a template needs what is no literal. */
function valueOf(text: string, parts: Readonly<Record<string, string>>): string | undefined {
  const inner = text
    .slice(1, -1)
    .replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => parts[name] ?? whole);
  if (text.startsWith('`') && inner.includes('${')) return undefined;
  return inner.replaceAll(/\\(u[\da-f]{4}|.)/gis, (_, escape: string) => {
    if (escape.length > 1) return String.fromCodePoint(Number.parseInt(escape.slice(1), 16));
    return escape === 'n' ? '\n' : escape;
  });
}

/**
 * The scripts under test/escape as far as they stand there as literals, by file. Prose is among
 * them, which does not compile; an expression is a script as well.
 */
export function escapeScripts(): Record<string, string[]> {
  return Object.fromEntries(
    readdirSync(folder)
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => {
        const text = readFileSync(new URL(file, folder), 'utf8');
        const parts: Record<string, string> = { walker };
        for (const [, name, value] of text.matchAll(named)) parts[name!] = value!.slice(1, -1);
        const values = (text.match(literal) ?? []).map((found) => valueOf(found, parts) ?? '');
        return [file, [...new Set(values)].filter((value) => /[^\w\s./-]/.test(value))];
      }),
  );
}
