/** The names of @cloister/runtime/bindings, and nothing else. */
export { BindingError, defineBinding } from '../bindings.ts';
export { cache } from './cache/cache.ts';
export type { CacheOptions } from './cache/cache-options.ts';
