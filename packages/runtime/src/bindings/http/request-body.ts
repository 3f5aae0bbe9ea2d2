import { httpError } from './http-error.ts';
import type { Parameters, RequestOptions } from './request-schema.ts';

/** What a request carries. */
export interface RequestBody {
  readonly bytes: Buffer;
  /** Unless the script says otherwise. */
  readonly contentType: string;
}

const kinds = ['json', 'form', 'text', 'base64'] as const;

/**
 * The body that the options of a request ask for.
 * @throws {BindingError} `invalid_arguments` for two of them, or one where none can be;
 *   `request_too_large`.
 */
export function requestBody(
  options: RequestOptions,
  method: string,
  maxBytes: number,
): RequestBody | undefined {
  const given = kinds.filter((kind) => options[kind] !== undefined);
  const [kind] = given;
  if (kind === undefined) return undefined;
  if (given.length > 1) throw httpError('invalid_arguments', `both ${given.join(' and ')}`);
  if (method === 'GET' || method === 'HEAD') {
    throw httpError('invalid_arguments', `${method} takes no body`);
  }
  const body = encode(kind, options);
  if (body.bytes.length <= maxBytes) return body;
  throw httpError('request_too_large', `its body takes more than ${maxBytes} bytes`);
}

/** The options for the body of `post`, `put` and `patch`: text as it is, all else as JSON. */
export function bodyOptions(body: unknown): Pick<RequestOptions, 'json' | 'text'> {
  // A missing argument is null when it arrives.
  if (body === undefined || body === null) return {};
  return typeof body === 'string' ? { text: body } : { json: body };
}

/** Parameters, as a query or a form has them. A list is a parameter that is there several times. */
export function searchParams(parameters: Parameters = {}): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of Array.isArray(value) ? value : [value]) params.append(name, String(each));
  }
  return params;
}

function encode(kind: (typeof kinds)[number], options: RequestOptions): RequestBody {
  switch (kind) {
    case 'json':
      return {
        bytes: Buffer.from(JSON.stringify(options.json)),
        contentType: 'application/json',
      };
    case 'form':
      return {
        bytes: Buffer.from(searchParams(options.form).toString()),
        contentType: 'application/x-www-form-urlencoded',
      };
    case 'text':
      return { bytes: Buffer.from(options.text ?? ''), contentType: 'text/plain;charset=UTF-8' };
    case 'base64':
      return {
        bytes: Buffer.from(options.base64 ?? '', 'base64'),
        contentType: 'application/octet-stream',
      };
  }
}
