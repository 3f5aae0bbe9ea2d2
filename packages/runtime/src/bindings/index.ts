/** The names of @cloister/runtime/bindings, and nothing else. */
export { BindingError, defineBinding } from '../bindings.ts';
export { events } from './events.ts';
export type { EventsOptions } from './events.ts';
export { memoryBus } from './event-bus.ts';
export type {
  EventBus,
  EventListener,
  MemoryBus,
  MemoryBusOptions,
  ScriptEvent,
} from './event-bus.ts';
export { log } from './log.ts';
export type { Logger, LogOptions } from './log.ts';
export { secrets } from './secrets.ts';
export type { SecretProvider, SecretsOptions } from './secrets.ts';
