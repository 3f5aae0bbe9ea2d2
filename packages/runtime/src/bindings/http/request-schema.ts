import { z } from 'zod';
import type { ResponseType } from './response-body.ts';

type Scalar = string | number | boolean;

/** A header as a script writes it; a secret is found in the host, and stays there. */
export type GivenHeader =
  | Scalar
  | { readonly secret: string; readonly prefix?: string | undefined };

/** Parameters of a query or a form. */
export type Parameters = Readonly<Record<string, Scalar | readonly Scalar[]>>;

/** The options of a script's request. */
export interface RequestOptions {
  readonly headers?: Readonly<Record<string, GivenHeader>> | undefined;
  /** Added to the query of the URL. */
  readonly query?: Parameters | undefined;
  /** One body at the most: of these four. */
  readonly json?: unknown;
  readonly form?: Parameters | undefined;
  readonly text?: string | undefined;
  readonly base64?: string | undefined;
  /** In milliseconds. Default and most: what the binding's limits say. */
  readonly timeoutMs?: number | undefined;
  /** Default: `follow`. */
  readonly redirect?: 'follow' | 'manual' | 'error' | undefined;
  /** Default and most: what the binding's limits say. */
  readonly maxRedirects?: number | undefined;
  /** Default: `auto`, by the answer's content type. */
  readonly responseType?: ResponseType | undefined;
}

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const parameters = z.record(z.string(), z.union([scalar, z.array(scalar)]));
const secret = z.strictObject({
  secret: z.string().min(1).max(200),
  prefix: z.string().optional(),
});
const url = z.string();
const options = z.strictObject({
  headers: z.record(z.string(), z.union([scalar, secret])).optional(),
  query: parameters.optional(),
  json: z.unknown().optional(),
  form: parameters.optional(),
  text: z.string().optional(),
  base64: z.base64().optional(),
  timeoutMs: z.int().min(1).optional(),
  redirect: z.enum(['follow', 'manual', 'error']).optional(),
  maxRedirects: z.int().min(0).optional(),
  responseType: z.enum(['auto', 'json', 'text', 'base64']).optional(),
});

type Options = RequestOptions | null | undefined;

/** `(url, options)` */
export const withoutBody: z.ZodType<[string, Options?]> = z.tuple([url, options.nullish()]);

/** `(url, body, options)` */
export const withBody: z.ZodType<[string, unknown?, Options?]> = z.tuple([
  url,
  z.unknown().optional(),
  options.nullish(),
]);

/** `({ method, url, … })` */
export const wholeRequest: z.ZodType<
  [RequestOptions & { readonly url: string; readonly method?: string | undefined }]
> = z.tuple([options.extend({ url, method: z.string().optional() })]);
