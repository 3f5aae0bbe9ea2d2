import { eventDepth } from '../event-depth.ts';
import type { Json } from '../result.ts';

/** What a script published. Frozen. */
export interface ScriptEvent {
  readonly id: string;
  readonly type: string;
  readonly payload: Json;
  readonly tenantId: string;
  /** The run that published it. */
  readonly executionId: string;
  readonly scriptId: string | null;
  /**
   * How many events led to it, itself included. Who runs a script because of it says so:
   * `execution: { depth: event.depth }`.
   */
  readonly depth: number;
  /** When it was published, as an ISO 8601 date and time in UTC. */
  readonly publishedAt: string;
}

/** Where events go. */
export interface EventBus {
  /** Resolves when the event is in safe hands, not when it was dealt with. */
  publish(event: ScriptEvent): void | Promise<void>;
}

/** A subscriber of a bus in memory. */
export type EventListener = (event: ScriptEvent) => void | Promise<void>;

/** A bus within this process. */
export interface MemoryBus extends EventBus {
  /**
   * Calls `listener` with each event of a type, or with all for `*`; one event after the other, in the
   * order in which they were published. Runs that it asks for have the depth of the event.
   * @returns what takes the listener away again.
   */
  subscribe(type: string, listener: EventListener): () => void;
  /** Resolves when every event so far was dealt with. */
  idle(): Promise<void>;
}

/** Options of `memoryBus`. */
export interface MemoryBusOptions {
  /** Gets what a listener throws. Default: a warning of the process. */
  readonly onError?: (error: unknown, event: ScriptEvent) => void;
}

/** Makes a bus that keeps nothing: an event that nobody has subscribed to is gone. */
export function memoryBus(options: MemoryBusOptions = {}): MemoryBus {
  const onError = options.onError ?? warn;
  const listeners = new Map<string, Set<EventListener>>();
  let last: Promise<void> = Promise.resolve();
  const deliver = async (event: ScriptEvent): Promise<void> => {
    const called = [...(listeners.get(event.type) ?? []), ...(listeners.get('*') ?? [])];
    for (const listener of called) {
      try {
        await eventDepth.run(event.depth, async () => listener(event));
      } catch (error) {
        onError(error, event);
      }
    }
  };
  return {
    publish(event) {
      last = last.then(() => deliver(event));
    },
    subscribe(type, listener) {
      const those = listeners.get(type) ?? new Set();
      listeners.set(type, those.add(listener));
      return () => void those.delete(listener);
    },
    idle: () => last,
  };
}

function warn(error: unknown, event: ScriptEvent): void {
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(`a listener of the event ${event.type} failed: ${reason}`, 'CloisterWarning');
}
