import { readFileSync } from 'node:fs';
import { scriptName } from './compile.ts';
import { withoutComments } from './guest-source.ts';

/** Guest files in the order in which they are run; each may use those before it. */
const guestFiles: readonly string[] = [
  'primordials',
  'outbox',
  'globals',
  'clock',
  'from-async',
  'stack',
  'json',
  'format-intrinsics',
  'format-text',
  'format-identity',
  'format-base',
  'format-collections',
  'format-error',
  'format-layout',
  'format-kinds',
  'format-shape',
  'format-inspect',
  'format',
  'thrown',
  'console',
  'timers',
  'math-random',
  'web/intrinsics',
  'web/list',
  'web/web-idl',
  'web/services',
  'web/uncaught',
  'web/performance',
  'web/dom-exception',
  'web/microtask',
  'web/event',
  'web/event-target',
  'web/abort-signal',
  'web/bytes',
  'web/code-units',
  'web/utf8',
  'web/utf16',
  'web/windows-1252',
  'web/encoding-labels',
  'web/text-encoder',
  'web/text-decoder',
  'web/base64',
  'web/random',
  'web/form-urlencoded',
  'web/search-pairs',
  'web/search-iterator',
  'web/url-search-params',
  'web/url',
  'web/structured-brand',
  'web/structured-buffer',
  'web/structured-read',
  'web/structured-serialize',
  'web/structured-deserialize',
  'web/structured-clone',
  'sdk',
  // From here on there are no new globals.
  'intrinsics',
  'overrides',
  'harden',
  'outcome',
  'reset',
  'together',
  'run',
];

/** How the guest is called in stack frames. */
export const guestName = 'cloister:guest';

/**
 * One function around the guest files, whose code is not changed, so that what is audited is what runs.
 * @param folder - where they lie.
 * @see {@link file://../../guest/primordials.js}
 */
export function assembleGuest(folder: URL): string {
  const files = guestFiles.map((name) =>
    withoutComments(readFileSync(new URL(`${name}.js`, folder), 'utf8')),
  );
  const settings = `{...${JSON.stringify({ scriptName, guestName })},realm,plan,bindings}`;
  return `(function (post, ask, realm, plan, bindings) {'use strict';const guest={__proto__:null,post,ask,settings:${settings}};\n${files.join('\n')}\nreturn guest.dispatch})`;
}
