import { channel, type Channel } from 'node:diagnostics_channel';
import type { ErrorCode } from '../errors.ts';
import type { JailLayer } from './jail/layers.ts';
import type { Usage } from '../result.ts';

/** Why a VM was given up. */
export type VmEnd =
  | 'unhealthy'
  | 'syntax_check'
  | 'idle'
  | 'evicted'
  | 'recycled'
  | 'worker_lost'
  | 'shutdown';

/** The messages of the diagnostics channels, by channel name (node:diagnostics_channel). */
export interface RuntimeEvents {
  /** A run got a VM; once for each attempt. */
  'cloister:run:start': { executionId: string; tenantId: string; queueMs: number; worker: number };
  'cloister:run:end': {
    executionId: string;
    tenantId: string;
    code: 'completed' | ErrorCode;
    usage: Usage;
  };
  /**
   * In which layers the processes of a runtime are started, and why others cannot be had. Again when no
   * process came up in these.
   */
  'cloister:jail': {
    layers: readonly JailLayer[];
    missing: Readonly<Partial<Record<JailLayer, string>>>;
  };
  'cloister:vm:create': { vm: number; worker: number };
  'cloister:vm:destroy': { vm: number; worker: number; tenantId?: string; reason: VmEnd };
  'cloister:worker:start': { worker: number; pid: number | undefined };
  /** The bytecode store failed and is left alone for a while; runs go on without it. */
  'cloister:store:down': { reason: string; forMs: number };
  'cloister:store:up': Record<string, never>;
  /** A script that has cost workers is refused for a while. */
  'cloister:script:refused': { tenantId: string; losses: number; forMs: number };
  /** A handler failed in a way that its script is not told; `method` is absent for `onRunEnd`. */
  'cloister:binding:error': {
    executionId: string;
    tenantId: string;
    binding: string;
    method: string | undefined;
    error: unknown;
  };
  'cloister:worker:exit': { worker: number; pid: number | undefined; reason: string };
}

const names = Object.keys({
  'cloister:run:start': true,
  'cloister:run:end': true,
  'cloister:jail': true,
  'cloister:vm:create': true,
  'cloister:vm:destroy': true,
  'cloister:worker:start': true,
  'cloister:worker:exit': true,
  'cloister:store:down': true,
  'cloister:store:up': true,
  'cloister:script:refused': true,
  'cloister:binding:error': true,
} satisfies Record<keyof RuntimeEvents, true>) as (keyof RuntimeEvents)[];
const channels = new Map<string, Channel>();

/** Whether anybody listens: for what happens too often to say it to nobody. */
export function isHeard(name: keyof RuntimeEvents): boolean {
  return channelOf(name).hasSubscribers;
}

/** Whether anybody listens to anything. */
export function isAnythingHeard(): boolean {
  return names.some(isHeard);
}

/** Publishes on a diagnostics channel; `message` is made only when somebody listens. */
export function publish<Name extends keyof RuntimeEvents>(
  name: Name,
  message: () => RuntimeEvents[Name],
): void {
  const target = channelOf(name);
  if (target.hasSubscribers) target.publish(message());
}

function channelOf(name: keyof RuntimeEvents): Channel {
  let found = channels.get(name);
  if (found === undefined) channels.set(name, (found = channel(name)));
  return found;
}
