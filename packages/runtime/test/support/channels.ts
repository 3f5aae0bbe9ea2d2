import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished, vi } from 'vitest';
import type { RuntimeEvents } from '../../src/index.ts';

const names = [
  'cloister:run:start',
  'cloister:run:end',
  'cloister:jail',
  'cloister:vm:create',
  'cloister:vm:destroy',
  'cloister:worker:start',
  'cloister:script:refused',
  'cloister:binding:error',
  'cloister:worker:exit',
  'cloister:store:down',
  'cloister:store:up',
] as const satisfies readonly (keyof RuntimeEvents)[];

/** One message and the channel on which it came. */
type Event = {
  [Name in keyof RuntimeEvents]: { name: Name } & RuntimeEvents[Name];
}[keyof RuntimeEvents];

/** What the diagnostics channels of the engine have said since `recordEvents` was called. */
export interface EventRecord {
  readonly all: readonly Event[];
  of<Name extends keyof RuntimeEvents>(name: Name): RuntimeEvents[Name][];
  /** The first matching message; also when it came before the call. */
  first<Name extends keyof RuntimeEvents>(
    name: Name,
    matches?: (message: RuntimeEvents[Name]) => boolean,
  ): Promise<RuntimeEvents[Name]>;
  /** Resolves when so many messages have come on a channel. */
  count(name: keyof RuntimeEvents, least: number): Promise<void>;
  /** The process ids of the workers that were started and have not been lost. */
  workerPids(): number[];
}

/** Listens to all diagnostics channels of the engine until the end of the test. */
export function recordEvents(): EventRecord {
  const all: Event[] = [];
  for (const name of names) {
    const listener = (message: unknown): void =>
      void all.push({ name, ...(message as object) } as Event);
    subscribe(name, listener);
    onTestFinished(() => void unsubscribe(name, listener));
  }
  const of = <Name extends keyof RuntimeEvents>(name: Name): RuntimeEvents[Name][] =>
    all.flatMap(({ name: channel, ...message }) =>
      channel === name ? [message as RuntimeEvents[Name]] : [],
    );
  return {
    all,
    of,
    async first(name, matches = () => true) {
      return vi.waitUntil(() => of(name).find(matches), { timeout: 20_000, interval: 2 });
    },
    async count(name, least) {
      await vi.waitUntil(() => of(name).length >= least, { timeout: 20_000, interval: 2 });
    },
    workerPids() {
      const lost = new Set(of('cloister:worker:exit').map(({ pid }) => pid));
      return of('cloister:worker:start').flatMap(({ pid }) =>
        pid === undefined || lost.has(pid) ? [] : [pid],
      );
    },
  };
}
