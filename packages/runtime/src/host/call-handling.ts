import type { StandardSchemaV1 } from '@standard-schema/spec';
import { BindingError, type BindingCall } from '../bindings.ts';
import { untilAborted } from '../until-aborted.ts';
import type { TableMethod } from './binding-table.ts';
import type { CallGate } from './call-gate.ts';
import type { Deadlines } from './deadlines.ts';
import type { FairTurns } from './fair-turns.ts';

/** Characters of an answer as JSON. */
const maxAnswerCharacters = 4 * 1024 * 1024;

/** One call on its way through a binding. */
interface CallUnderWay {
  readonly target: TableMethod;
  readonly args: readonly unknown[];
  readonly call: BindingCall;
  /** Calls of this binding that the run has made, this one included. */
  readonly made: number;
  /** Aborts the call's signal. */
  readonly controller: AbortController;
  /** The places of the run, which has so many handlers going on at a time. */
  readonly places: CallGate;
  readonly turns: FairTurns;
}

/**
 * Has a call answered: quota and rates, then the wait for its turn, then the schema, then the handler.
 * Where nothing has to be waited for, the handler has begun when this returns: a script may make a call
 * and end.
 * @returns `+` and the answer as JSON, which is nothing for undefined.
 * @throws {BindingError} what the script may see; anything else is for the host alone.
 */
export async function answerCall(under: CallUnderWay, deadlines: Deadlines): Promise<string> {
  const { target, call, controller } = under;
  const { method, path } = target;
  requireAllowed(under);
  const { timeoutMs } = method;
  const deadline =
    timeoutMs === undefined
      ? undefined
      : deadlines.after(timeoutMs, () =>
          controller.abort(
            new BindingError(`${path} took longer than ${timeoutMs} ms`, {
              code: 'binding_timeout',
              name: 'TimeoutError',
            }),
          ),
        );
  let leave: (() => void) | undefined;
  try {
    const entered = enterGates(under);
    leave = entered instanceof Promise ? await entered : entered;
    const checked = method.params['~standard'].validate(under.args);
    const args = toArguments(checked instanceof Promise ? await checked : checked, path);
    call.signal.throwIfAborted();
    const given = method.handler(call, ...(args as readonly never[]));
    let answer = given;
    if (isThenable(given)) {
      const handled = Promise.resolve(given);
      // A handler that goes on although it was given up keeps its places: they are there to bound
      // what is going on.
      void handled.then(leave, leave);
      leave = undefined;
      answer = await untilAborted(handled, call.signal);
    }
    const result = await validResult(method.result, answer, path);
    const turn = under.turns.next();
    if (turn !== undefined) {
      await turn;
      call.signal.throwIfAborted();
    }
    return toAnswer(result, path);
  } finally {
    leave?.();
    deadline?.clear();
  }
}

/** `-` and what a script gets to see of a failure. */
export function failureAnswer({ path }: TableMethod, error: unknown): string {
  if (error instanceof BindingError) {
    const { name, message, code } = error;
    return `-${JSON.stringify({ name, message, code })}`;
  }
  return `-${JSON.stringify({ name: 'Error', message: `${path} failed`, code: 'binding_failed' })}`;
}

function requireAllowed({ target, call, made }: CallUnderWay): void {
  const { binding, rates, path } = target;
  const { maxCalls } = binding;
  if (maxCalls !== undefined && made > maxCalls) {
    throw new BindingError(`${path}: a run may make ${maxCalls} calls of sdk.${binding.name}`, {
      code: 'quota_exceeded',
    });
  }
  const wait = rates.perTenant?.of(call.tenant.id).take() || rates.total?.take();
  if (wait) {
    throw new BindingError(`${path} is called too often; the next call is possible in ${wait} ms`, {
      code: 'rate_limited',
    });
  }
}

/** Takes a place in each gate, the narrowest scope first. @returns what gives them back. */
function enterGates({ target, call, places }: CallUnderWay): (() => void) | Promise<() => void> {
  const { gate, bindingGates } = target;
  const perTenant = bindingGates.perTenant?.of(call.tenant.id);
  const gates = [places, perTenant, gate, bindingGates.total].filter((each) => each !== undefined);
  const inside: CallGate[] = [];
  const leave = (): void => {
    for (const each of inside) each.leave();
  };
  const waiting = enterFrom(gates, inside, call);
  if (waiting === undefined) return leave;
  return waiting.then(
    () => leave,
    (error: unknown) => {
      leave();
      throw error;
    },
  );
}

/** Goes into the gates that the call is not inside of, without waiting as far as they are open. */
function enterFrom(
  gates: readonly CallGate[],
  inside: CallGate[],
  call: BindingCall,
): Promise<void> | undefined {
  for (let at = inside.length; at < gates.length; at++) {
    const next = gates[at]!;
    const waiting = next.enter(call.tenant.id, call.signal);
    if (waiting !== undefined) {
      return waiting.then(() => {
        inside.push(next);
        return enterFrom(gates, inside, call);
      });
    }
    inside.push(next);
  }
  return undefined;
}

/** Drivers of databases like to give thenables of their own. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

function toArguments(result: StandardSchemaV1.Result<unknown>, path: string): readonly unknown[] {
  if (result.issues !== undefined) {
    const message = result.issues.slice(0, 3).map(describeIssue).join('; ');
    throw new BindingError(`${path}: ${message}`, { code: 'invalid_arguments', name: 'TypeError' });
  }
  if (!Array.isArray(result.value)) throw new TypeError(`the schema of ${path} gave no list`);
  return result.value as unknown[];
}

async function validResult(
  schema: StandardSchemaV1 | undefined,
  answer: unknown,
  path: string,
): Promise<unknown> {
  if (schema === undefined) return answer;
  const result = await schema['~standard'].validate(answer);
  if (result.issues === undefined) return result.value;
  const message = result.issues.slice(0, 3).map(describeIssue).join('; ');
  throw new TypeError(`the handler of ${path} gave what its result schema refuses: ${message}`);
}

/** `argument 1.address.zip: Invalid input: expected string` */
function describeIssue({ message, path = [] }: StandardSchemaV1.Issue): string {
  const keys = path.map((part) => (typeof part === 'object' ? part.key : part));
  if (keys.length === 0) return `arguments: ${message}`;
  const [first, ...rest] = keys;
  const inner = rest.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
  const argument =
    typeof first === 'number' ? `argument ${first + 1}` : `argument ${String(first)}`;
  return `${argument}${inner.join('')}: ${message}`;
}

function toAnswer(answer: unknown, path: string): string {
  if (answer === undefined) return '+';
  const json = JSON.stringify(answer) as string | undefined;
  if (json === undefined) throw new TypeError(`the handler of ${path} gave a ${typeof answer}`);
  if (json.length > maxAnswerCharacters) {
    throw new BindingError(
      `the answer of ${path} takes ${json.length} characters; ${maxAnswerCharacters} are allowed`,
      { code: 'answer_too_large' },
    );
  }
  return `+${json}`;
}
