import { workerFailureCodes } from '../../src/protocol/messages.ts';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const amount: Check = (value) => typeof value === 'number' && value >= 0 && value < Infinity;
const id: Check = (value) => amount(value) && Number.isSafeInteger(value);
const attachment: Check = (value) => value instanceof Uint8Array;
const oneOf =
  (...choices: readonly unknown[]): Check =>
  (value) =>
    choices.includes(value);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const shape =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).every((key) => Object.hasOwn(fields, key)) &&
    Object.entries(fields).every(([key, check]) => check((value as Record<string, unknown>)[key]));

const thrown: Check = (value) =>
  shape({
    name: text,
    message: text,
    stack: text,
    line: maybe(amount),
    column: maybe(amount),
    cause: maybe(thrown),
  })(value);

const outcomes: readonly Check[] = [
  shape({ status: oneOf('completed'), output: text }),
  shape({
    status: oneOf('failed'),
    code: oneOf(...workerFailureCodes),
    message: text,
    line: maybe(amount),
    column: maybe(amount),
    thrown: maybe(thrown),
  }),
];

const line = shape({
  level: oneOf('debug', 'info', 'warn', 'error'),
  message: text,
  data: maybe(text),
  origin: maybe(shape({ binding: id, method: id })),
});

const call = shape({ call: id, binding: id, method: id, args: text });

const map: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A run, its output, and its times. */
const completed: Check = (value) =>
  Array.isArray(value) &&
  value.length === 4 &&
  [id, map, amount, amount].every((check, at) => check(value[at]));

const forms: readonly Check[] = [
  shape({ type: oneOf('ready'), versions: shape({ node: text, v8: text, codeTag: text }) }),
  shape({ type: oneOf('unusable'), reason: text }),
  shape({ type: oneOf('pong', 'outgrown') }),
  shape({ type: oneOf('vm-ready', 'vm-gone', 'vm-outgrown'), vm: id }),
  shape({ type: oneOf('vm-failed'), vm: id, reason: text }),
  shape({ type: oneOf('log'), run: id, lines: listOf(line) }),
  shape({ type: oneOf('calls'), run: id, calls: listOf(call) }),
  shape({ type: oneOf('abort-call'), run: id, call: id }),
  shape({ type: oneOf('quick', 'waits', 'computes'), run: id }),
  shape({ type: oneOf('returned'), run: id, begun: flag }),
  shape({ type: oneOf('code'), source: id, bytes: attachment }),
  shape({
    type: oneOf('settled'),
    run: id,
    outcome: (value) => outcomes.some((check) => check(value)),
    usage: shape({ wallMs: amount, cpuMs: amount, heapBytes: amount }),
    waited: flag,
    longestTurnMs: amount,
    droppedLogs: amount,
    compiled: oneOf('kept', 'code', 'source', 'refused'),
    healthy: flag,
  }),
  shape({ type: oneOf('completed'), runs: listOf(completed), heapBytes: amount, healthy: flag }),
];

/** Whether a value is a `WorkerMessage` with no field beyond; written apart from the parser. */
export function isWellTyped(value: unknown): boolean {
  return forms.some((check) => check(value));
}
