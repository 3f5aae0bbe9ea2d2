/**
 * Blanks before a token that would go on with the expression before it. They begin where blanks do, so
 * that a long run of them is looked at once.
 */
const beforeHazard = /(?<!\s)\s+(?=[([`+*-]|\/(?![/*]))/g;
/** What stands alone as a statement or a member of a class and is erased as a whole or up to a name. */
const standsAlone =
  /^(?:abstract|async\s+function|declare|function|interface|namespace|override|private|protected|public|readonly|type)\b/;

/**
 * Ends the expression before an erased statement, or before an erased modifier in a class, as that did:
 * otherwise what comes behind would become a part of it, as in `let a = 1⏎ type B = string⏎ ;[2].map(f)`. The
 * parser does so too, but not where the statement's own semicolon stands on another line, nor before
 * templates and regular expressions, nor in classes.
 * @param erased - as long as `source`, and the same but for what was erased.
 */
export function keepSemicolons(erased: string, source: string): string {
  let text = '';
  let from = 0;
  for (const { 0: blanks, index } of erased.matchAll(beforeHazard)) {
    const gone = source.slice(index, index + blanks.length);
    const place = index + semicolonIn(gone, erased.slice(Math.max(0, index - 7), index));
    if (place < index) continue;
    text += `${erased.slice(from, place)};`;
    from = place + 1;
  }
  return text + erased.slice(from);
}

/** Where in erased text a semicolon is to be, or -1. */
function semicolonIn(gone: string, before: string): number {
  const last = gone.trimEnd().length - 1;
  if (last < 0) return -1;
  if (gone[last] === ';') return last;
  const first = gone.length - gone.trimStart().length;
  // `static readonly [name] = 1` is one member.
  return standsAlone.test(gone.slice(first)) && !/\bstatic$/.test(before) ? first : -1;
}
