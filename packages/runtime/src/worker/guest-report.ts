import type { LogLine, Outcome, ThrownReport } from '../protocol/messages.ts';

/** What the guest's `drain` said. */
export type GuestState =
  | {
      readonly kind: 'settled';
      readonly outcome: Outcome;
      readonly droppedLogs: number;
      readonly intact: boolean;
    }
  /** Milliseconds until a timer is due; undefined when no timer is set. */
  | { readonly kind: 'waiting'; readonly timerMs: number | undefined };

interface GuestFailure {
  readonly code: 'script_error' | 'memory_limit' | 'output_limit' | 'output_invalid';
  readonly message: string;
  readonly thrown?: ThrownReport;
}

/**
 * Reads the guest's own notation (see `guest/run.js`).
 * @throws when it is not that, which only a guest that was subverted can bring about.
 */
export function readGuestState(state: string): GuestState {
  if (state[0] === 'w') {
    const wait = Number(state.slice(1));
    return { kind: 'waiting', timerMs: wait >= 0 ? wait : undefined };
  }
  const end = state.indexOf('\n');
  const intact = state[1] === 'i';
  const droppedLogs = Number(state.slice(2, end));
  const rest = state.slice(end + 1);
  if (state[0] === 'c') {
    return { kind: 'settled', droppedLogs, intact, outcome: { status: 'completed', output: rest } };
  }
  const failure = JSON.parse(rest) as GuestFailure;
  return {
    kind: 'settled',
    droppedLogs,
    intact,
    outcome: {
      status: 'failed',
      code: failure.code,
      message: failure.message,
      ...(failure.thrown === undefined ? {} : { thrown: failure.thrown }),
    },
  };
}

/** Something that the guest posted while a turn went on (see `guest/console.js`). */
export type Posted =
  | { readonly kind: 'line'; readonly line: LogLine }
  | { readonly kind: 'dropped'; readonly count: number };

export function readPosted(text: string): Posted {
  if (text[0] === 'd') return { kind: 'dropped', count: Number(text.slice(1)) };
  const first = text.indexOf('\n');
  const second = text.indexOf('\n', first + 1);
  const line = {
    level: text.slice(1, first) as LogLine['level'],
    message: JSON.parse(text.slice(first + 1, second)) as string,
  };
  const data = text.slice(second + 1);
  return { kind: 'line', line: data === '' ? line : { ...line, data } };
}

/** A promise that was rejected and that nobody handled, as a console line. */
export function unhandledRejectionLine(reason: unknown, scriptName: string): LogLine {
  const name = reason instanceof Error ? reason.name : 'value';
  const message = reason instanceof Error ? reason.message : String(reason);
  const frames = (reason instanceof Error ? (reason.stack ?? '') : '')
    .split('\n')
    .filter((line) => line.startsWith('    at ') && line.includes(`${scriptName}:`));
  const text = [`Unhandled promise rejection: ${name}: ${message}`, ...frames].join('\n');
  return { level: 'error', message: text.slice(0, 16 * 1024) };
}
