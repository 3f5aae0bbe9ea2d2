import { expect, test } from 'vitest';
import { parseEraserMessage, type EraserMessage } from '../../src/protocol/eraser-messages.ts';
import { ProtocolError } from '../../src/protocol/fields.ts';

const refused = { type: 'refused', reason: 'r', line: 1, column: 2, residentBytes: 3 } as const;
const valid: readonly EraserMessage[] = [
  { type: 'ready' },
  { type: 'erased', text: '', residentBytes: 1 },
  refused,
  { type: 'gave-up' },
];

test.each(valid)('takes %j, without fields that it does not know', (message) => {
  expect(parseEraserMessage({ ...message, more: 1 })).toEqual(message);
});

test.each([
  null,
  [],
  'ready',
  {},
  { type: 'erase', source: '' },
  { type: 'erased', residentBytes: 1 },
  { type: 'erased', text: 1, residentBytes: 1 },
  { type: 'erased', text: '' },
  { ...refused, reason: null },
  { ...refused, line: -1 },
  { ...refused, column: 1.5 },
  { ...refused, residentBytes: 'many' },
])('refuses %j', (value) => {
  expect(() => parseEraserMessage(value)).toThrow(ProtocolError);
});
