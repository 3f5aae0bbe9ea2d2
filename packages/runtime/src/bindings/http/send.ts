import type { BindingCall } from '../../bindings.ts';
import type { Json } from '../../result.ts';
import type { Connections } from './connections.ts';
import { exchange, type HopResponse, type ResponseHead } from './exchange.ts';
import { httpError, toHttpError } from './http-error.ts';
import type { HttpPolicy } from './options.ts';
import { followRedirect, isRedirect, type Hop } from './redirect.ts';
import { requestBody, searchParams } from './request-body.ts';
import { requestHeaders } from './request-headers.ts';
import type { RequestOptions } from './request-schema.ts';
import { decompress, readBody } from './response-body.ts';
import { readUrl, requireAllowed, withQuery } from './target.ts';

/** What a script asked for. */
export interface ScriptRequest {
  readonly method: string;
  readonly url: string;
  readonly options: RequestOptions;
}

/** What a script gets. */
export interface HttpAnswer {
  readonly status: number;
  /** Whether the status is one of 200 to 299. */
  readonly ok: boolean;
  /** By name in small letters. `set-cookie` alone is a list. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Parsed JSON, text, or bytes in base64. */
  readonly body: Json;
  /** Of the last request, without a fragment. */
  readonly url: string;
  readonly redirected: boolean;
}

const methods: ReadonlySet<string> = new Set([
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
]);

/**
 * Sends a script's request, follows its redirects, and reads the answer.
 * @throws {BindingError} with a code of `http-error.ts`; anything else is no affair of the script's.
 */
export async function send(
  call: BindingCall,
  policy: HttpPolicy,
  connections: Connections,
  request: ScriptRequest,
): Promise<HttpAnswer> {
  const { timeoutMs } = policy.limits;
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(httpError('http_timeout')),
    Math.min(timeoutMs, request.options.timeoutMs ?? timeoutMs),
  );
  const signal = AbortSignal.any([call.signal, deadline.signal]);
  try {
    return await follow({ ...call, signal }, policy, connections, request);
  } catch (error) {
    if (deadline.signal.aborted) throw httpError('http_timeout');
    if (call.signal.aborted) throw httpError('aborted');
    throw toHttpError(error);
  } finally {
    clearTimeout(timer);
  }
}

async function follow(
  call: BindingCall,
  policy: HttpPolicy,
  connections: Connections,
  request: ScriptRequest,
): Promise<HttpAnswer> {
  const { redirect = 'follow', maxRedirects = Infinity } = request.options;
  const most = Math.min(maxRedirects, policy.limits.maxRedirects);
  const wantsBody = ({ status, headers }: ResponseHead): boolean =>
    redirect === 'manual' || !isRedirect(status) || !headers.has('location');
  let hop = await firstHop(call, policy, request);
  for (let redirects = 0; ; redirects++) {
    requireAllowed(policy, hop.url, hop.method);
    const response = await exchange(
      connections,
      { ...hop, tenantId: call.tenant.id, signal: call.signal, wantsBody },
      policy.limits,
    );
    if (wantsBody(response)) {
      return await answer(hop, response, policy, { request, redirected: redirects > 0 });
    }
    if (redirect === 'error') throw httpError('redirect_refused');
    if (redirects >= most) throw httpError('too_many_redirects', `${most} are allowed`);
    const [location = ''] = response.headers.get('location') ?? [];
    hop = followRedirect(hop, response.status, location);
  }
}

async function firstHop(
  call: BindingCall,
  policy: HttpPolicy,
  { method: given, url: text, options }: ScriptRequest,
): Promise<Hop> {
  const method = given.toUpperCase();
  if (!methods.has(method)) throw httpError('blocked_host', 'its method is not one of ours');
  const url = withQuery(readUrl(text), searchParams(options.query));
  // Before anything secret is asked for.
  requireAllowed(policy, url, method);
  const body = requestBody(options, method, policy.limits.maxRequestBytes);
  const headers = await requestHeaders(call, policy, options.headers ?? {}, {
    origin: url.origin,
    contentType: body?.contentType,
  });
  return { url, method, headers, body: body?.bytes };
}

async function answer(
  { url, method }: Hop,
  { status, headers, body }: HopResponse,
  { limits }: HttpPolicy,
  { request, redirected }: { request: ScriptRequest; redirected: boolean },
): Promise<HttpAnswer> {
  const encoding = headers.get('content-encoding')?.join(',');
  const bytes =
    method === 'HEAD' ? body : await decompress(body, encoding, limits.maxResponseBytes);
  const shown = [...headers].map(([name, values]) => [
    name,
    name === 'set-cookie' ? values : values.join(', '),
  ]);
  return {
    status,
    ok: status >= 200 && status < 300,
    headers: Object.fromEntries(shown) as HttpAnswer['headers'],
    body: readBody(bytes, headers.get('content-type')?.[0], request.options.responseType ?? 'auto'),
    url: url.href,
    redirected,
  };
}
