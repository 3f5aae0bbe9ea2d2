import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  BindingError,
  defineBinding,
  type Binding,
  type BindingCall,
  type BindingRun,
} from '../bindings.ts';
import { checkWholeNumber } from '../limits.ts';
import type { Json } from '../result.ts';
import { memoryBus, type EventBus, type ScriptEvent } from './event-bus.ts';

/** Options of `events`. */
export interface EventsOptions {
  /** Where the events go. Default: a `memoryBus()` that nobody listens to. */
  readonly bus?: EventBus;
  /** A run that as many events led to may publish nothing. Default: 8. */
  readonly maxDepth?: number;
  /** Events of one run. Default: 100. */
  readonly maxEvents?: number;
  /** Characters of a payload as JSON. Default: 65 536. */
  readonly maxPayloadLength?: number;
}

const typeSchema = z
  .string()
  .regex(/^[\w.:/-]{1,128}$/, 'an event type has 1 to 128 letters, digits and . : / - _')
  .meta({ title: 'type' });
const params = z.tuple([
  typeSchema,
  // It is JSON in any case, and `z.json()` takes half a second for the largest that a call can carry.
  z.unknown().optional().meta({ title: 'payload' }),
  z
    .strictObject({
      immediate: z
        .boolean()
        .optional()
        .meta({ description: 'Publish it now, whatever becomes of the run. Default: false.' }),
    })
    .optional()
    .meta({ title: 'options' }),
]);

/**
 * `events.publish(type, payload)`: the events of a run go to the bus in their order when the run has
 * completed; those of a run that fails never do, unless they are `immediate`.
 */
export function events(options: EventsOptions = {}): Binding {
  const bus = options.bus ?? memoryBus();
  const maxDepth = checkWholeNumber(options.maxDepth ?? 8, 'events.maxDepth', 0, 1000);
  const maxEvents = checkWholeNumber(options.maxEvents ?? 100, 'events.maxEvents', 0, 100_000);
  const maxLength = options.maxPayloadLength ?? 65_536;
  checkWholeNumber(maxLength, 'events.maxPayloadLength', 2, 1024 * 1024);
  /** Events of runs that go on, by the run. */
  const waiting = new WeakMap<BindingRun['execution'], ScriptEvent[]>();
  const publish = async (
    call: BindingCall,
    type: string,
    payload: Json = null,
    { immediate = false }: { immediate?: boolean | undefined } = {},
  ): Promise<string> => {
    if (call.execution.depth >= maxDepth) {
      const message = `${call.execution.depth} events led to this run, which may publish none: scripts set each other off`;
      throw new BindingError(message, { code: 'event_depth' });
    }
    if (JSON.stringify(payload).length > maxLength) {
      const message = `a payload takes ${maxLength} characters as JSON at most`;
      throw new BindingError(message, { code: 'payload_too_large' });
    }
    const event = toEvent(call, type, payload);
    if (immediate) {
      await bus.publish(event);
      return event.id;
    }
    const list = waiting.get(call.execution);
    if (list === undefined) waiting.set(call.execution, [event]);
    else list.push(event);
    return event.id;
  };
  return defineBinding(
    'events',
    {
      publish: {
        description: 'Publishes an event when the run has completed. Gives its id.',
        params,
        result: z.string(),
        handler: publish,
      },
    },
    {
      description: 'Tells the rest of the product what happened.',
      global: true,
      maxCalls: maxEvents,
      async onRunEnd({ execution }, completed) {
        const list = waiting.get(execution) ?? [];
        waiting.delete(execution);
        if (completed) for (const event of list) await bus.publish(event);
      },
    },
  );
}

function toEvent(call: BindingCall, type: string, payload: Json): ScriptEvent {
  const { id: executionId, scriptId, depth } = call.execution;
  return Object.freeze({
    id: randomUUID(),
    type,
    payload,
    tenantId: call.tenant.id,
    executionId,
    scriptId,
    depth: depth + 1,
    publishedAt: new Date().toISOString(),
  });
}
