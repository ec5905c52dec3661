import type { z } from 'zod';

/** Bytes: a Yjs update (v1), or what is sent with one. */
export const BYTES = 'bytes';
/** Plain text. */
export const TEXT = 'text';

/** A route as the description tells it. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With its parameters in braces, as in OpenAPI. */
  readonly path: string;
  /** Unique; what a generated client may call it. */
  readonly id: string;
  readonly summary: string;
  readonly tag: 'rooms' | 'versions' | 'registry' | 'operators' | 'accounts' | 'health';
  readonly for: 'anybody' | 'users' | 'operators';
  /** What validates the query. */
  readonly query?: z.ZodType;
  /** Request headers beside the credential, each with what it is for. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What validates the body. */
  readonly body?: z.ZodType | typeof BYTES;
  readonly answers: Readonly<
    Record<number, { readonly what: string; readonly body?: z.ZodType | typeof BYTES | typeof TEXT }>
  >;
  /** Statuses of problem documents, beside those of a missing credential. */
  readonly problems?: readonly number[];
}

export const INCARNATION = {
  'Room-Incarnation': 'The incarnation that the room answered with: reaches no other.',
};
export const IF_NONE_MATCH = { 'If-None-Match': 'The ETag of the last answer.' };
export const BOOKMARK = { 'x-d1-bookmark': 'Of the last answer: reads nothing older.' };

/** The answer without a body to who has it already. */
export const KNOWN = { what: 'It is the answer that If-None-Match names.' };
