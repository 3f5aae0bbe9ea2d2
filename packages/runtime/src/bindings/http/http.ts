import {
  defineBinding,
  type Binding,
  type BindingCall,
  type BindingMethod,
} from '../../bindings.ts';
import { Connections } from './connections.ts';
import { resolveOptions, type HttpOptions } from './options.ts';
import { bodyOptions } from './request-body.ts';
import { wholeRequest, withBody, withoutBody } from './request-schema.ts';
import { send, type HttpAnswer, type ScriptRequest } from './send.ts';

/**
 * The binding `sdk.http`: scripts send requests to the hosts that `allow` names, and to no address that
 * is not reachable for everybody. docs/http.md says what scripts call and what they are refused.
 * @throws {CloisterError} `invalid_options`, naming the option.
 */
export function http(options: HttpOptions = {}): Binding {
  const policy = resolveOptions(options);
  const connections = new Connections(policy);
  const { maxConcurrent, maxConcurrentPerTenant } = policy.limits;
  const sent = (call: BindingCall, request: ScriptRequest): Promise<HttpAnswer> =>
    send(call, policy, connections, request);

  const plain = (method: string): BindingMethod<typeof withoutBody> => ({
    description: `Sends ${method}: (url, options).`,
    params: withoutBody,
    handler: (call, url, given) => sent(call, { method, url, options: given ?? {} }),
  });
  const carrying = (method: string): BindingMethod<typeof withBody> => ({
    description: `Sends ${method}: (url, body, options). A string is sent as text, all else as JSON.`,
    params: withBody,
    handler: (call, url, body, given) =>
      sent(call, { method, url, options: { ...given, ...bodyOptions(body) } }),
  });
  return defineBinding(
    'http',
    {
      get: plain('GET'),
      head: plain('HEAD'),
      delete: plain('DELETE'),
      post: carrying('POST'),
      put: carrying('PUT'),
      patch: carrying('PATCH'),
      request: {
        description: 'Sends a request: { method, url, … }.',
        params: wholeRequest,
        handler: (call, { method = 'GET', url, ...given }) =>
          sent(call, { method, url, options: given }),
      },
    },
    {
      description: 'Requests to hosts that the embedder allows.',
      maxConcurrent,
      perTenant: { maxConcurrent: maxConcurrentPerTenant },
      close: () => connections.close(),
    },
  );
}
