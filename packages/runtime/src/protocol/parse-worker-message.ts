import type {
  Compiled,
  CompletedRun,
  GuestCall,
  LogLine,
  Outcome,
  ThrownReport,
  WorkerMessage,
  WorkerUsage,
} from './messages.ts';
import { workerFailureCodes } from './messages.ts';
import {
  amount,
  bytes,
  flag,
  isAmount,
  whole,
  list,
  object,
  ProtocolError,
  text,
  type Fields,
} from './fields.ts';

export { ProtocolError } from './fields.ts';

const levels: ReadonlySet<unknown> = new Set(['debug', 'info', 'warn', 'error']);
const codes: ReadonlySet<unknown> = new Set(workerFailureCodes);
const waysToCompile: ReadonlySet<unknown> = new Set(['kept', 'code', 'source', 'refused']);
const maxCauses = 8;

/**
 * Checks a value that came from a worker and gives back a message made of known fields only.
 * @throws {ProtocolError} when it is anything else; the text names the field, never its content.
 */
export function parseWorkerMessage(value: unknown): WorkerMessage {
  const fields = object(value, 'message');
  switch (fields['type']) {
    case 'ready': {
      const versions = object(fields['versions'], 'versions');
      return {
        type: 'ready',
        versions: {
          node: text(versions, 'node'),
          v8: text(versions, 'v8'),
          codeTag: text(versions, 'codeTag'),
        },
      };
    }
    case 'unusable':
      return { type: 'unusable', reason: text(fields, 'reason') };
    case 'pong':
      return { type: 'pong' };
    case 'vm-ready':
      return { type: 'vm-ready', vm: whole(fields, 'vm') };
    case 'vm-failed':
      return { type: 'vm-failed', vm: whole(fields, 'vm'), reason: text(fields, 'reason') };
    case 'vm-gone':
      return { type: 'vm-gone', vm: whole(fields, 'vm') };
    case 'vm-outgrown':
      return { type: 'vm-outgrown', vm: whole(fields, 'vm') };
    case 'outgrown':
      return { type: 'outgrown' };
    case 'log':
      return { type: 'log', run: whole(fields, 'run'), lines: list(fields, 'lines').map(logLine) };
    case 'calls':
      return { type: 'calls', run: whole(fields, 'run'), calls: list(fields, 'calls').map(call) };
    case 'waits':
      return { type: 'waits', run: whole(fields, 'run') };
    case 'computes':
      return { type: 'computes', run: whole(fields, 'run') };
    case 'abort-call':
      return { type: 'abort-call', run: whole(fields, 'run'), call: whole(fields, 'call') };
    case 'quick':
      return { type: 'quick', run: whole(fields, 'run') };
    case 'returned':
      return { type: 'returned', run: whole(fields, 'run'), begun: flag(fields, 'begun') };
    case 'code':
      return { type: 'code', source: whole(fields, 'source'), bytes: bytes(fields, 'bytes') };
    case 'settled':
      return {
        type: 'settled',
        run: whole(fields, 'run'),
        outcome: outcome(fields['outcome']),
        usage: usage(fields['usage']),
        waited: flag(fields, 'waited'),
        longestTurnMs: amount(fields, 'longestTurnMs'),
        droppedLogs: whole(fields, 'droppedLogs'),
        compiled: compiled(fields['compiled']),
        healthy: flag(fields, 'healthy'),
      };
    case 'completed':
      return {
        type: 'completed',
        runs: list(fields, 'runs').map(completedRun),
        heapBytes: amount(fields, 'heapBytes'),
        healthy: flag(fields, 'healthy'),
      };
    default:
      throw new ProtocolError('unknown message type');
  }
}

/** There are many of these, so that they are checked in one go; nobody needs to know which item was wrong. */
function completedRun(value: unknown): CompletedRun {
  if (Array.isArray(value) && value.length === 4) {
    const [run, output, wallMs, cpuMs] = value as readonly unknown[];
    const isRun = Number.isSafeInteger(run) && (run as number) >= 0;
    if (isRun && isMap(output) && isAmount(wallMs) && isAmount(cpuMs)) {
      return [run as number, output, wallMs, cpuMs];
    }
  }
  throw new ProtocolError('runs has an item that is no completed run');
}

/** Of JSON, since all of the message is. */
function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function logLine(value: unknown): LogLine {
  const fields = object(value, 'line');
  if (!levels.has(fields['level'])) throw new ProtocolError('level is not a log level');
  return {
    level: fields['level'] as LogLine['level'],
    message: text(fields, 'message'),
    ...(fields['data'] === undefined ? {} : { data: text(fields, 'data') }),
    ...(fields['origin'] === undefined ? {} : { origin: lineOrigin(fields['origin']) }),
  };
}

function lineOrigin(value: unknown): NonNullable<LogLine['origin']> {
  const fields = object(value, 'origin');
  return { binding: whole(fields, 'binding'), method: whole(fields, 'method') };
}

function call(value: unknown): GuestCall {
  const fields = object(value, 'call');
  return {
    call: whole(fields, 'call'),
    binding: whole(fields, 'binding'),
    method: whole(fields, 'method'),
    args: text(fields, 'args'),
  };
}

function outcome(value: unknown): Outcome {
  const fields = object(value, 'outcome');
  if (fields['status'] === 'completed')
    return { status: 'completed', output: text(fields, 'output') };
  if (fields['status'] !== 'failed' || !codes.has(fields['code'])) {
    throw new ProtocolError('outcome is neither completed nor failed with a known code');
  }
  return {
    status: 'failed',
    code: fields['code'] as (typeof workerFailureCodes)[number],
    message: text(fields, 'message'),
    ...position(fields),
    ...(fields['thrown'] === undefined ? {} : { thrown: thrown(fields['thrown'], maxCauses) }),
  };
}

function thrown(value: unknown, causesLeft: number): ThrownReport {
  if (causesLeft === 0) throw new ProtocolError('causes nest too deeply');
  const fields = object(value, 'thrown');
  return {
    name: text(fields, 'name'),
    message: text(fields, 'message'),
    stack: text(fields, 'stack'),
    ...position(fields),
    ...(fields['cause'] === undefined ? {} : { cause: thrown(fields['cause'], causesLeft - 1) }),
  };
}

function position(fields: Fields): { line?: number; column?: number } {
  return {
    ...(fields['line'] === undefined ? {} : { line: whole(fields, 'line') }),
    ...(fields['column'] === undefined ? {} : { column: whole(fields, 'column') }),
  };
}

function compiled(value: unknown): Compiled {
  if (!waysToCompile.has(value)) throw new ProtocolError('compiled is not a known way');
  return value as Compiled;
}

function usage(value: unknown): WorkerUsage {
  const fields = object(value, 'usage');
  return {
    wallMs: amount(fields, 'wallMs'),
    cpuMs: amount(fields, 'cpuMs'),
    heapBytes: amount(fields, 'heapBytes'),
  };
}
