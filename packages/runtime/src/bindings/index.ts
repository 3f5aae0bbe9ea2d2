/** The names of @cloister/runtime/bindings, and nothing else. */
export { BindingError, defineBinding } from '../bindings.ts';
