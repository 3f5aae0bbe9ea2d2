import type { Compiled, Outcome } from '../protocol/messages.ts';
import { scriptPrefix, scriptSuffix } from '../protocol/script-wrapper.ts';
import type { ScriptText } from './script-body.ts';
import { codeBytes, type Code, type CompiledScript, type Vm } from './vm.ts';

/** The file name in a script's stack frames, whatever the embedder calls the script. */
export const scriptName = 'script.js';

const runOrigin = { filename: scriptName, columnOffset: -scriptPrefix.length };
// A script that closes the function it stands in has to go on, after that brace, with a token that
// the surroundings allow: in an object literal only `,` or `}`, behind a declaration at the top of a
// program anything but these two. So what parses in both places stayed inside.
const checkPrefix = `'use strict';async function script(){`;
const checkSuffix = '\n}';

/** A script that was compiled, and how. */
export interface Compilation {
  readonly script: CompiledScript;
  readonly how: Exclude<Compiled, 'kept'>;
}

/**
 * Compiles a script as the body of a strict async function. With `code`, which exists only of
 * scripts that have passed the check, V8 need not parse; code that it refuses is as none.
 */
export async function compileScript(
  vm: Vm,
  { text: source, wrapped: text }: ScriptText,
  code: Code | undefined,
): Promise<Compilation> {
  if (code !== undefined) {
    const script = await vm.compile(text, { ...runOrigin, cachedData: code });
    if (script.cachedDataRejected !== true) return { script, how: 'code' };
    script.release();
  }
  await checkScript(vm, source);
  const script = await vm.compile(text, runOrigin);
  return { script, how: code === undefined ? 'source' : 'refused' };
}

// A plain function, which gives back what the script does and not a promise of it.
const plainPrefix = `(function(ctx,console){'use strict';return{''(){`;
const plainOrigin = { filename: scriptName, columnOffset: -plainPrefix.length };

/** Compiles a script that has passed the check, and has no `await`, as a plain function. This thread waits. */
export function compilePlain(vm: Vm, source: string): CompiledScript {
  return vm.compileNow(plainPrefix + source + scriptSuffix, plainOrigin);
}

/** Compiles a script to see that it is one, and that it stays within its function. */
async function checkScript(vm: Vm, source: string): Promise<void> {
  const text = checkPrefix + source + checkSuffix;
  const origin = { filename: scriptName, columnOffset: -checkPrefix.length };
  (await vm.compile(text, origin)).release();
}

/** V8's code of a script that has been compiled, and run, in this VM. */
export async function scriptCode(
  vm: Vm,
  { wrapped }: Pick<ScriptText, 'wrapped'>,
): Promise<Uint8Array | undefined> {
  const code = await vm.codeOf(wrapped, runOrigin);
  return code === undefined ? undefined : codeBytes(code);
}

/** Reads what V8 says of a source that does not parse: `message [script.js:line:column]`. */
export function compilationFailure(error: unknown, source: string): Outcome {
  const text = error instanceof Error ? error.message : String(error);
  // A `sourceURL` comment of the script may have put another name there.
  const place = / \[[^[\]]*:(\d+):(-?\d+)\]$/.exec(text);
  const reason = place === null ? text : text.slice(0, place.index);
  const lines = source.split(/\r\n|[\n\r\u2028\u2029]/);
  // What our closing brackets make V8 complain about is found behind the last line.
  const line = Math.min(Number(place?.[1] ?? 1), lines.length);
  const beyond = Number(place?.[1] ?? 1) > lines.length;
  const column = beyond ? (lines.at(-1)?.length ?? 0) + 1 : Math.max(1, Number(place?.[2] ?? 1));
  return {
    status: 'failed',
    code: 'compilation_error',
    message: `compilation error: ${explain(reason, beyond, lines[line - 1] ?? '', column)} (line ${line}, column ${column})`,
    line,
    column,
  };
}

function explain(reason: string, beyond: boolean, line: string, column: number): string {
  // V8 knows neither yet; TypeScript does, and erasing types leaves them where they are.
  if (line.startsWith('@', column - 1)) {
    return `${reason}: decorators are not supported; call the function yourself, as in const Service = traced(class { … })`;
  }
  if (/\baccessor\s+(?:static\s+)?$/.test(line.slice(0, column - 1))) {
    return `${reason}: accessor fields are not supported; write a getter and a setter`;
  }
  if (/import statement|Unexpected token 'export'|import\.meta/.test(reason)) {
    return `${reason}: scripts are not modules, so import and export are not supported; what a script needs comes in ctx and sdk, its output goes out by return`;
  }
  if (reason.includes('call stack')) return 'the source is nested too deeply';
  return beyond ? 'Unexpected end of input' : reason;
}
