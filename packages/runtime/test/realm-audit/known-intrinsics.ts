/**
 * What is here and not in the permits of SES, by path, with the reason. An entry covers what is
 * below it. Accessors in place of a permitted value need none (guest/overrides.js).
 */
export const knownIntrinsics: Readonly<Record<string, string>> = {
  // Of the language
  Intl: 'ECMA-402, which SES leaves to the host; its instances belong to the run',
  'segments.__proto__': 'ECMA-402: what Intl.Segmenter gives',
  'segmentIterator.__proto__': 'ECMA-402: what iterating over that gives',
  'Function.prototype.arguments': 'Annex B: throws for every function of a script',
  'Function.prototype.caller': 'Annex B: throws for every function of a script',
  'RegExp.prototype.compile': 'Annex B: changes its own instance only; SES removes it',
  'Iterator.prototype.@@dispose': 'explicit resource management, newer than the permits',
  'asyncGenerator.__proto__.prototype.__proto__.@@asyncDispose':
    'explicit resource management, newer than the permits',
  SuppressedError: 'explicit resource management, newer than the permits',
  DisposableStack: 'explicit resource management, newer than the permits',
  AsyncDisposableStack: 'explicit resource management, newer than the permits',
  FinalizationRegistry: 'our stand-in, whose callbacks never come (guest/globals.js)',
  WeakRef: 'keeps nothing alive and calls nothing; no other run can hold one of this run',
  template:
    'the strings of a tagged template, frozen by the language, one for each place in a source',
  // Of V8
  'Error.prepareStackTrace': 'leaves our frames out of stacks (guest/stack.js), cannot be replaced',
  'error.stack': 'the accessors that every error has as its own in V8',
  // Of the web, and ours: guest/web, guest/console.js, guest/timers.js
  console: 'a plain object of five functions',
  setTimeout: 'timers end with their run',
  clearTimeout: 'timers end with their run',
  queueMicrotask: 'a web basic',
  structuredClone: 'a web basic',
  atob: 'a web basic',
  btoa: 'a web basic',
  URL: 'a web basic; instances belong to the run',
  URLSearchParams: 'a web basic; instances belong to the run',
  'searchIterators.0.__proto__': 'what iterating over URLSearchParams gives',
  Event: 'a web basic; instances belong to the run',
  EventTarget: 'a web basic; instances belong to the run',
  AbortController: 'a web basic; instances belong to the run',
  AbortSignal: 'a web basic; instances belong to the run',
  DOMException: 'a web basic; instances belong to the run',
  crypto: 'a web basic: numbers from the worker, no state here',
  sdk: 'the host functions, frozen in either realm; calls belong to the run',
  performance: 'a web basic: a clock that begins anew with each run',
};
