import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { useRuntime } from './web-rows.ts';

/** The public data, which lies beside the repo where it is to be had at all. */
const folder = fileURLToPath(new URL('../../../../../../shared/cases/wpt/', import.meta.url));
const read = (name: string): unknown => JSON.parse(readFileSync(`${folder}${name}`, 'utf8'));
const runtime = useRuntime();

const helpers = `
  const keys = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'];
  const parts = (url) => url === null ? null : keys.map((key) => url[key]).concat([...url.searchParams].map(String));
  const parse = (input, base) => { try { return parts(new URL(input, base ?? undefined)); } catch (error) { return error.name; } };
`;

/** What the body gives for each row, in a VM and in Node; \`agrees\` says whether Node fits the data. */
async function compare(
  rows: readonly unknown[],
  body: string,
): Promise<{ seen: unknown; wanted: unknown }> {
  const source = `${helpers} const each = (row) => { ${body} };`;
  const { output } = await runtime().execute(`${source} return ctx.input.rows.map(each)`, { rows });
  // oxlint-disable-next-line typescript/no-implied-eval -- Node evaluates the same rows as the VM
  const each = new Function(`'use strict'; ${source} return each;`)() as (row: unknown) => unknown;
  return {
    seen: output['value'],
    wanted: JSON.parse(JSON.stringify(rows.map((row) => each(row)))),
  };
}

interface UrlRow {
  readonly input: string;
  readonly base: string | null;
  readonly failure?: true;
  readonly [property: string]: unknown;
}
interface SetterRow {
  readonly property: string;
  readonly href: string;
  readonly new_value: string;
  readonly expected: Readonly<Record<string, string>>;
}

const objects = (name: string): readonly UrlRow[] =>
  (read(name) as unknown[]).filter((row): row is UrlRow => typeof row === 'object');

describe.skipIf(!existsSync(folder))(
  'the web platform tests for URLs (../shared/cases/wpt; skipped without)',
  () => {
    test('urltestdata.json: every row gives what Node gives, and Node what the row says', async () => {
      const rows = objects('urltestdata.json');
      const { seen, wanted } = await compare(rows, `return parse(row.input, row.base);`);
      expect(rows.length).toBeGreaterThan(800);
      expect(seen).toEqual(wanted);
      const differing = rows.filter((row) => {
        const url = URL.parse(row.input, row.base ?? undefined);
        if (row.failure) return url !== null;
        return (
          url === null ||
          Object.entries(row).some(
            ([key, value]) => key in URL.prototype && String(url[key as keyof URL]) !== value,
          )
        );
      });
      expect(differing).toEqual([]);
    });

    test('setters_tests.json: every row gives what Node gives, and Node what the row says', async () => {
      const { comment: _, ...byProperty } = read('setters_tests.json') as Record<
        string,
        SetterRow[]
      >;
      const rows = Object.entries(byProperty).flatMap(([property, list]) =>
        list.map((row) => ({ ...row, property })),
      );
      const { seen, wanted } = await compare(
        rows,
        `const url = new URL(row.href); url[row.property] = row.new_value; return parts(url);`,
      );
      expect(rows.length).toBeGreaterThan(250);
      expect(seen).toEqual(wanted);
      const differing = rows.filter((row) => {
        const url = new URL(row.href);
        Object.assign(url, { [row.property]: row.new_value });
        return Object.entries(row.expected).some(
          ([key, value]) => String(url[key as keyof URL]) !== value,
        );
      });
      expect(differing).toEqual([]);
    });

    test('toascii.json: every host gives what Node gives, and Node what the row says', async () => {
      const rows = objects('toascii.json');
      const { seen, wanted } = await compare(
        rows,
        `const set = new URL('https://x/y'); set.host = row.input; const name = new URL('https://x/y'); name.hostname = row.input; return [parse('https://' + row.input + '/x'), set.href, name.href];`,
      );
      expect(rows.length).toBeGreaterThan(80);
      expect(seen).toEqual(wanted);
      const differing = rows.filter(
        (row) => (URL.parse(`https://${row.input}/x`)?.host ?? null) !== row['output'],
      );
      expect(differing).toEqual([]);
    });

    test('percent-encoding.json: every utf-8 row is encoded as it says', async () => {
      const rows = (read('percent-encoding.json') as unknown[]).filter(
        (row): row is { input: string; output: Record<string, string> } => typeof row === 'object',
      );
      const { seen, wanted } = await compare(
        rows,
        `const url = new URL('https://x/?' + row.input + '#' + row.input); return [url.search, url.hash];`,
      );
      expect(seen).toEqual(wanted);
      expect((seen as string[][]).map(([, hash]) => hash)).toEqual(
        rows.map((row) => `#${row.output['utf-8']}`),
      );
    });
  },
);
