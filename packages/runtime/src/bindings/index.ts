/** The names of @cloister/runtime/bindings, and nothing else. */
export { BindingError, defineBinding } from '../bindings.ts';
export { http } from './http/http.ts';
export type { HostRule } from './http/host-rules.ts';
export type { HttpErrorCode } from './http/http-error.ts';
export type { HostAddress, Lookup } from './http/lookup.ts';
export type { FindSecret, HttpCredentials, HttpLimits, HttpOptions } from './http/options.ts';
export type { HttpAnswer } from './http/send.ts';
