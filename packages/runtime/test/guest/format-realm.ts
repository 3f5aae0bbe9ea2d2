import { readFileSync } from 'node:fs';
import { format } from 'node:util';
import { type Context, createContext, runInContext } from 'node:vm';

const FILES = [
  'primordials',
  'json',
  'format-intrinsics',
  'format-text',
  'format-layout',
  'format-identity',
  'format-base',
  'format-error',
  'format-collections',
  'format-kinds',
  'format-shape',
  'format-inspect',
  'format',
];

/** Gives an error a stack that is the same in every realm. */
const HELPERS = `
  const framed = (error) => {
    error.stack = error.name + ': ' + error.message + '\\n    at work (script.js:1:2)\\n    at script.js:3:4';
    return error;
  };
  const bare = (error, stack) => { error.stack = stack; return error; };
  const numbers = (length, from = 0) => Array.from({ length }, (_, index) => index + from);
`;

const guestSource = FILES.map((name) =>
  readFileSync(new URL(`../../guest/${name}.js`, import.meta.url), 'utf8'),
).join('\n');

export type Line = (args: string, maxLength?: number, clean?: string) => string;

/** A fresh realm in which the printer is loaded; `before` runs first, `after` when it has booted. */
export const createRealm = ({ before = '', after = '' } = {}): { line: Line; context: Context } => {
  const context = createContext({});
  runInContext(before, context);
  runInContext(
    `globalThis.guest = (() => { 'use strict'; const guest = { __proto__: null }; ${guestSource}; return guest; })();
     ${HELPERS}; ${after}`,
    context,
  );
  const line: Line = (args, maxLength = 100_000, clean = '(stack) => stack') =>
    runInContext(
      `(() => { const args = [${args}]; return guest.format.formatLine(args, ${maxLength}, ${clean}); })()`,
      context,
      { timeout: 20_000 },
    ) as string;
  return { line, context };
};

export const nodeLine = (args: string): string =>
  // oxlint-disable-next-line typescript/no-implied-eval -- Node evaluates the same row as the realm
  format(...(new Function(`${HELPERS}; return [${args}];`)() as unknown[]));

export const rows = (text: string): string[] =>
  text
    .split('\n')
    .map((row) => row.trim())
    .filter((row) => row !== '');
