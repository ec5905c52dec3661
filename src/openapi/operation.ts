import type { z } from 'zod';

/** Binary body: a Yjs update (v1) or a sync request. */
export const BYTES = 'bytes';
export const TEXT = 'text';

/** A route in the description. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With parameters in braces, as in OpenAPI. */
  readonly path: string;
  /** Unique; generated clients use it as a name. */
  readonly id: string;
  readonly summary: string;
  readonly tag: 'rooms' | 'versions' | 'registry' | 'operators' | 'accounts' | 'health';
  readonly for: 'everyone' | 'users' | 'operators';
  /** Schema that validates the query. */
  readonly query?: z.ZodType;
  /** Request headers with their descriptions, without credentials. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Schema that validates the body. */
  readonly body?: z.ZodType | typeof BYTES;
  readonly answers: Readonly<
    Record<number, { readonly what: string; readonly body?: z.ZodType | typeof BYTES | typeof TEXT }>
  >;
  /** Statuses of problem documents, without those for missing credentials. */
  readonly problems?: readonly number[];
}

export const INCARNATION = {
  'Room-Incarnation':
    'The incarnation from an earlier response. A request for another incarnation is refused.',
};
export const IF_NONE_MATCH = { 'If-None-Match': 'The ETag of the last response.' };
export const BOOKMARK = { 'x-d1-bookmark': 'The bookmark of the last response. The response is not older.' };

export const NOT_MODIFIED = { what: 'Not modified since the response in If-None-Match.' };
