import { describe } from 'vitest';
import { gives, sameAsNode, useRuntime } from './web-rows.ts';

const runtime = useRuntime();

/** Members that Node has beside the standard's, or that are left out here on purpose. */
const ignored: Readonly<Record<string, readonly string[]>> = {
  URL: ['createObjectURL', 'revokeObjectURL'],
  Event: [
    'srcElement',
    'returnValue',
    'cancelBubble',
    'initEvent',
    'isTrusted',
    'NONE',
    'CAPTURING_PHASE',
    'AT_TARGET',
    'BUBBLING_PHASE',
  ],
  DOMException: ['stack'],
};
const classes = [
  'URL',
  'URLSearchParams',
  'TextEncoder',
  'TextDecoder',
  'AbortController',
  'AbortSignal',
  'EventTarget',
  'Event',
  'DOMException',
];

/** Names, kinds, lengths and attributes of the members of a class and of its prototype. */
const shapeOf = (name: string): string => `(() => {
  const members = (owner) => Object.entries(Object.getOwnPropertyDescriptors(owner))
    .filter(([key]) => !${JSON.stringify(ignored[name] ?? [])}.includes(key))
    .map(([key, d]) => [key, typeof d.value === 'function' ? d.value.length + d.value.name : typeof d.value, !!d.get, !!d.set, ${name === 'AbortSignal' ? "''" : 'd.enumerable'}, d.get?.name, d.set?.name].join(' ')).sort();
  return [members(${name}), members(${name}.prototype), ${name}.prototype[Symbol.toStringTag], Object.getOwnPropertyDescriptor(globalThis, '${name}').enumerable];
})()`;

describe('the shape of', () => {
  sameAsNode(runtime, classes.map(shapeOf));
});

describe.each([
  ['hardened', '"false,false,false"'],
  ['fresh', '"true,false,true"'],
] as const)('globals of a %s realm', (realm, attributes) => {
  const names = [
    ...classes,
    'queueMicrotask',
    'structuredClone',
    'atob',
    'btoa',
    'crypto',
    'performance',
  ];
  gives(
    useRuntime(realm),
    names.map((name) => [
      `(() => { const d = Object.getOwnPropertyDescriptor(globalThis, '${name}'); return [d.writable, d.enumerable, d.configurable].join(); })()`,
      attributes,
    ]),
  );
});
