import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import peggy from 'peggy';

/** A library of npm that does real work as one script. */
export interface LibraryRun {
  readonly name: string;
  /** The whole script: the library as npm has it, and what uses it. */
  readonly source: string;
  readonly expected: unknown;
}

const { resolve } = createRequire(import.meta.url);

/** What a bundle looks for around itself; a script has neither `module` nor `self`. */
const surroundings = `
const module = { exports: {} };
const exports = module.exports;
const self = globalThis;
`;

/** The text of a file that the package may not export. */
function textOf(name: string, file: string): string {
  const entry = resolve(name);
  const folder = join('node_modules', name);
  return readFileSync(join(entry.slice(0, entry.lastIndexOf(folder)), folder, file), 'utf8');
}

function compose(name: string, library: string, use: string, expected: unknown): LibraryRun {
  const source = `${surroundings}\n${library}\n;const library = module.exports;\n{ ${use} }`;
  return { name, source, expected };
}

const grammar = `
sum = head:product tail:(_ @("+" / "-") _ @product)* {
  return tail.reduce((value, [sign, next]) => sign === '+' ? value + next : value - next, head);
}
product = head:atom tail:(_ @("*" / "/") _ @atom)* {
  return tail.reduce((value, [sign, next]) => sign === '*' ? value * next : value / next, head);
}
atom = "(" _ inner:sum _ ")" { return inner } / number
number "number" = digits:$[0-9]+ { return Number(digits) }
_ = [ ]*
`;

const parser: string = peggy.generate(grammar, { output: 'source', format: 'commonjs' });

/** A library of each kind, each with a result that was checked by hand or in plain Node. */
export const libraryRuns: readonly LibraryRun[] = [
  compose(
    'dayjs',
    textOf('dayjs', 'dayjs.min.js'),
    `const day = library('2024-02-28T12:00:00Z');
     return [day.add(2, 'day').toISOString(), library('2024-12-31').diff(library('2024-01-01'), 'day'),
       day.startOf('month').format('YYYY-MM-DD dddd'), library('nonsense').isValid()]`,
    ['2024-03-01T12:00:00.000Z', 365, '2024-02-01 Thursday', false],
  ),
  compose(
    'validator',
    textOf('validator', 'validator.min.js'),
    `return [library.isEmail('a.b@example.org'), library.isEmail('a@b'), library.isIBAN('DE89370400440532013000'),
       library.isCreditCard('4111111111111111'), library.isISO8601('2024-02-30T00:00', { strict: true }),
       library.isURL('https://example.org/a?b'), library.escape('<a href="x">'), library.isUUID('00000000-0000-4000-8000-000000000000')]`,
    [true, false, true, true, false, true, '&lt;a href=&quot;x&quot;&gt;', true],
  ),
  compose(
    'mustache',
    textOf('mustache', 'mustache.js'),
    `const view = { title: 'List <1>', items: [{ name: 'a', price: 1 }, { name: 'b', price: 2 }], twice: () => (text, render) => render(text) + render(text) };
     return [library.render('{{title}}: {{#items}}{{name}}={{price}};{{/items}}{{^none}}none{{/none}}', view),
       library.render('{{#twice}}{{{title}}} {{/twice}}{{> part}}', view, { part: '[{{items.length}}]' })]`,
    ['List &lt;1&gt;: a=1;b=2;none', 'List <1> List <1> [2]'],
  ),
  compose(
    'papaparse',
    textOf('papaparse', 'papaparse.min.js'),
    `const parsed = library.parse('name,age,note\\n"Smith, J",42,"said ""hi"""\\nÅsa,7,\\n', { header: true, dynamicTyping: true, skipEmptyLines: true });
     return [parsed.data, parsed.errors.length, library.unparse(parsed.data, { newline: '\\n' })]`,
    [
      [
        { name: 'Smith, J', age: 42, note: 'said "hi"' },
        { name: 'Åsa', age: 7, note: null },
      ],
      0,
      'name,age,note\n"Smith, J",42,"said ""hi"""\nÅsa,7,',
    ],
  ),
  compose(
    'decimal.js',
    textOf('decimal.js', 'decimal.js'),
    `const Decimal = library; Decimal.set({ precision: 40 });
     return [new Decimal('0.1').plus('0.2').toString(), new Decimal(2).sqrt().toString(), Decimal.exp(1).toFixed(20),
       new Decimal('1e500').times('1e-499').toNumber(), new Decimal('0xff.8').toFraction().map(String), Decimal.sum(1, '2.5', 3).toString()]`,
    [
      '0.3',
      '1.41421356237309504880168872420969807857',
      '2.71828182845904523536',
      10,
      ['511', '2'],
      '6.5',
    ],
  ),
  compose(
    'immutable',
    textOf('immutable', 'dist/immutable.js'),
    `const { Map, List, Set, Record, OrderedMap, Range, fromJS, is } = library;
     const first = fromJS({ a: { b: [1, 2, { c: 3 }] } });
     const second = first.setIn(['a', 'b', 2, 'c'], 4).updateIn(['a', 'b'], (list) => list.push(5));
     const Point = Record({ x: 0, y: 0 });
     return [first.toJS(), second.toJS(), is(Map({ a: List([1]) }), Map({ a: List([1]) })), new Point({ x: 3 }).set('y', 4).toJS(),
       Range(0, 100).filter((n) => n % 7 === 0).map((n) => n * n).take(3).toArray(), Set([1, 2, 2, 3]).union([9]).size,
       OrderedMap([['z', 1], ['a', 2]]).sortBy((v) => -v).keySeq().toArray(), String(List([1, 2]))]`,
    [
      { a: { b: [1, 2, { c: 3 }] } },
      { a: { b: [1, 2, { c: 4 }, 5] } },
      true,
      { x: 3, y: 4 },
      [0, 49, 196],
      4,
      ['a', 'z'],
      'List [ 1, 2 ]',
    ],
  ),
  compose(
    'peggy',
    parser,
    `const failed = (() => { try { return library.parse('1 + ') } catch (error) { return [error.name, error instanceof library.SyntaxError, error instanceof Error, error.location.start.column] } })();
     return [library.parse('2 * (3 + 4) - 10 / 5'), failed]`,
    [12, ['SyntaxError', true, true, 5]],
  ),
  compose(
    'luxon',
    textOf('luxon', 'build/cjs-browser/luxon.js'),
    `const { DateTime, Duration, Interval } = library;
     const start = DateTime.fromISO('2024-03-30T12:00', { zone: 'Europe/Berlin' });
     return [start.plus({ days: 1 }).toISO(), start.setZone('Asia/Tokyo').toFormat('yyyy LLL dd HH:mm'), start.setLocale('fr').toFormat('cccc d LLLL'),
       Interval.fromDateTimes(start, start.plus({ weeks: 2 })).length('days'), Duration.fromISO('P1DT2H').as('hours'), DateTime.fromISO('x').isValid]`,
    ['2024-03-31T12:00:00.000+02:00', '2024 Mar 30 20:00', 'samedi 30 mars', 14, 26, false],
  ),
  compose(
    'lodash',
    textOf('lodash', 'lodash.js'),
    `const _ = library;
     const rows = [{ team: 'a', n: 3 }, { team: 'b', n: 1 }, { team: 'a', n: 2 }];
     return [_.mapValues(_.groupBy(rows, 'team'), (all) => _.sumBy(all, 'n')), _.chain(rows).sortBy('n').map('n').reverse().value(),
       _.merge({ a: [{ b: 1 }] }, { a: [{ c: 2 }] }), 
       _.attempt(_.template, '<%- name %>!').message]`,
    [
      { a: 5, b: 1 },
      [3, 2, 1],
      { a: [{ b: 1, c: 2 }] },
      'Function: making code from strings is not available to scripts',
    ],
  ),
  compose(
    'immer',
    textOf('immer', 'dist/cjs/immer.cjs.production.js'),
    `const { produce, enablePatches, produceWithPatches, enableMapSet } = library;
     enablePatches(); enableMapSet();
     const base = { user: { tags: ['a'] }, map: new Map([['k', { n: 1 }]]) };
     const next = produce(base, (draft) => { draft.user.tags.push('b'); draft.map.get('k').n++; });
     const [, patches] = produceWithPatches(base, (draft) => { delete draft.user.tags[0]; draft.extra = true; });
     return [base.user.tags, next.user.tags, base.map.get('k').n, next.map.get('k').n, Object.isFrozen(next.user), patches.map(({ op, path }) => op + path.join('/'))]`,
    [['a'], ['a', 'b'], 1, 2, true, ['replaceuser/tags/0', 'addextra']],
  ),
  compose(
    'js-yaml',
    textOf('js-yaml', 'dist/js-yaml.cjs.js'),
    `const text = 'base: &b {x: 1, y: [true, null, 0x1f]}\\nlist:\\n  - one\\n  - two: |\\n      lines\\n      more\\n';
     const value = library.load(text);
     const failed = (() => { try { library.load('a: [') } catch (error) { return error.name } })();
     return [value, library.dump({ b: [1, { c: 'x: y' }], a: null }), failed]`,
    [
      {
        base: { x: 1, y: [true, null, 31] },
        list: ['one', { two: 'lines\nmore\n' }],
      },
      "b:\n  - 1\n  - c: 'x: y'\na: null\n",
      'YAMLException',
    ],
  ),
];
