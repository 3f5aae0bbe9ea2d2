import type { GuestCall, LogLine, Outcome, ThrownReport } from '../protocol/messages.ts';

/** What the guest's `drain` said. */
export type GuestState =
  | {
      readonly kind: 'settled';
      readonly outcome: Outcome;
      readonly droppedLogs: number;
      readonly intact: boolean;
    }
  /** Milliseconds until a timer is due; undefined when no timer is set. */
  | {
      readonly kind: 'waiting';
      readonly timerMs: number | undefined;
      /** Whether host calls are under way. */
      readonly calling: boolean;
    };

/** The failures that the guest reports; all others are found outside of it. */
const guestCodes = ['script_error', 'memory_limit', 'output_limit', 'output_invalid'] as const;
type GuestCode = (typeof guestCodes)[number];
/** The guest cuts each text at 16 Ki characters and follows five causes; this allows for both. */
const maxFailureCharacters = 1024 * 1024;

/**
 * Reads the guest's own notation (see `guest/run.js`).
 * @throws when it is not that, which only a guest that was subverted can bring about.
 */
export function readGuestState(state: string): GuestState {
  if (state[0] === 'w') {
    const calling = state.endsWith('+');
    const wait = Number(calling ? state.slice(1, -1) : state.slice(1));
    return { kind: 'waiting', timerMs: wait >= 0 ? wait : undefined, calling };
  }
  const end = state.indexOf('\n');
  const intact = state[1] === 'i';
  const droppedLogs = Number(state.slice(2, end));
  const rest = state.slice(end + 1);
  const settled = { kind: 'settled', droppedLogs, intact } as const;
  if (state[0] === 'c') return { ...settled, outcome: { status: 'completed', output: rest } };
  return { ...settled, outcome: readFailure(rest) };
}

function readFailure(text: string): Outcome {
  if (text.length > maxFailureCharacters)
    throw new RangeError('the report of a failure is too long');
  const { code, message, thrown } = JSON.parse(text) as Record<string, unknown>;
  if (!guestCodes.includes(code as GuestCode)) throw new TypeError('not a failure of the guest');
  return {
    status: 'failed',
    code: code as GuestCode,
    message: String(message),
    ...(thrown === undefined ? {} : { thrown: thrown as ThrownReport }),
  };
}

/** Takes apart what the guest said of a turn that was waited for (see `drainHeld` of `guest/run.js`). */
export function splitHeld(drained: string): { posted: readonly string[]; state: string } {
  if (drained[0] !== 'p') return { posted: [], state: drained };
  const start = drained.indexOf(' ') + 1;
  const end = start + Number(drained.slice(1, start));
  const posted: string[] = [];
  for (let at = start; at < end;) {
    const text = drained.indexOf(' ', at) + 1;
    const next = text + Number(drained.slice(at, text));
    posted.push(drained.slice(text, next));
    at = next;
  }
  return { posted, state: drained.slice(end) };
}

/** Something that the guest posted while a turn went on (see `guest/console.js`). */
export type Posted =
  | { readonly kind: 'line'; readonly line: LogLine }
  | { readonly kind: 'dropped'; readonly count: number }
  | { readonly kind: 'calls'; readonly calls: readonly GuestCall[] }
  | { readonly kind: 'abort-call'; readonly call: number }
  /** Something has changed that has to be asked for. */
  | { readonly kind: 'ask' }
  /** The script made a call more than it may. */
  | { readonly kind: 'over-limit' };

export function readPosted(text: string): Posted {
  switch (text[0]) {
    case 'd':
      return { kind: 'dropped', count: Number(text.slice(1)) };
    case 'b':
      return { kind: 'calls', calls: text.slice(2).split('\n').map(readCall) };
    case 'a':
      return { kind: 'abort-call', call: Number(text.slice(1)) };
    case '?':
      return { kind: 'ask' };
    case 'o':
      return { kind: 'over-limit' };
    default:
      return { kind: 'line', line: readLine(text) };
  }
}

/** `call binding method arguments` */
function readCall(text: string): GuestCall {
  const first = text.indexOf(' ');
  const second = text.indexOf(' ', first + 1);
  const third = text.indexOf(' ', second + 1);
  return {
    call: Number(text.slice(0, first)),
    binding: Number(text.slice(first + 1, second)),
    method: Number(text.slice(second + 1, third)),
    args: text.slice(third + 1),
  };
}

function readLine(text: string): LogLine {
  const first = text.indexOf('\n');
  const second = text.indexOf('\n', first + 1);
  const [level = '', binding, method] = text.slice(1, first).split(' ');
  const line = {
    level: level as LogLine['level'],
    message: JSON.parse(text.slice(first + 1, second)) as string,
  };
  const data = text.slice(second + 1);
  return {
    ...line,
    ...(data === '' ? {} : { data }),
    ...(method === undefined
      ? {}
      : { origin: { binding: Number(binding), method: Number(method) } }),
  };
}

/**
 * A promise that was rejected and that nobody handled, as a console line. isolated-vm tells of the
 * first one of a turn, and of errors only what they are.
 */
export function unhandledRejectionLine(reason: unknown, scriptName: string): LogLine {
  const isForeign = reason instanceof Error && reason.message.includes('isolated-vm');
  const what =
    reason instanceof Error && !isForeign
      ? `${reason.name}: ${reason.message}`
      : isForeign
        ? 'a value that is not an Error'
        : String(reason);
  const frames = (reason instanceof Error ? (reason.stack ?? '') : '')
    .split('\n')
    .filter((line) => line.startsWith('    at ') && line.includes(`${scriptName}:`));
  const text = [`Unhandled promise rejection: ${what.slice(0, 8 * 1024)}`, ...frames].join('\n');
  return { level: 'error', message: text.slice(0, 16 * 1024) };
}
