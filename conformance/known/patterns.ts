import type { RealmName } from '../options.ts';

// Patterns of how a test ended, and of the line that threw.

/** For what only frozen built-ins cause. */
export const hardened: readonly RealmName[] = ['hardened'];
/** The suite's own error, whose whole message is given. */
export const says = (message: string): RegExp =>
  new RegExp(`^throws Test262Error: .*\\{ message: (['"\`])(?:${message})\\1 \\}$`);
/** What an asynchronous test gave to `$DONE`. */
export const failsAsync = (error: string): RegExp =>
  new RegExp(`^throws ScriptError: .* (['"\`])Test262:AsyncTestFailure:${error}\\1$`);
/** V8 refuses to do what is given. */
export const refuses = (what: string): RegExp => new RegExp(`^throws TypeError: Cannot ${what}`);
/** What the engine adds to such a refusal. */
export const frozen: string =
  ': in the hardened realm built-ins, the global object and what is inherited from them are frozen';

const errors = 'AggregateError|(?:Eval|Range|Reference|Suppressed|Syntax|Type|URI)?Error';
const typedArrays = '(?:(?:Big)?(?:Uint|Int)(?:8|16|32|64)|Uint8Clamped|Float(?:16|32|64))Array';
const functions = '(?:Async)?(?:Generator)?Function';
const namespaces = 'Intl|JSON|Math|Proxy|Reflect|Temporal';
const values =
  'Array|ArrayBuffer|BigInt|Boolean|DataView|Date|Iterator|Map|Number|Object|Promise|RegExp|Set|String|Symbol|WeakMap|WeakRef|WeakSet|FinalizationRegistry|(?:Async)?DisposableStack';
const calls = '(?:de|en)codeURI(?:Component)?|(?:un)?escape';
// Names that the suite and its harness give to what has none.
const unnamed =
  'AFP|Instant|ObjProto|SetProto|TA|TypedArray(?:Prototype)?|(?:Array|Map|RegExpString|Set|String)IteratorProto|(?:Async)?(?:Generator(?:Function)?|Iterator)Prototype|ArrayIteratorPrototype|arrIterProto|strIterProto|iterProto';

/** An intrinsic, by the name that tests use, and the way from there to what belongs to it. */
export const builtIn: string = String.raw`(?:${[errors, typedArrays, functions, namespaces, values, calls, unnamed].join('|')})\b(?:\.\w+|\[Symbol\.\w+\])*`;

/** The whole of a line begins with these, one after the other. */
export function startsWith(...parts: readonly string[]): RegExp {
  return new RegExp(`^${parts.join('')}`);
}
