import { createHash } from 'node:crypto';
import * as z from 'zod';

/** Where a page ended: the next one begins after this row. */
export interface Position {
  /** The last row's value of what the list is sorted by. */
  readonly key: string | number;
  /** Tells rows of the same key apart: a name, or an id. */
  readonly last: string;
}

/**
 * What a cursor is bound to: the list, whose it is, and every parameter that decides what is in it and in which order.
 * Values that are told apart by `JSON.stringify`.
 */
export type ListIdentity = readonly (string | number | null)[];

/** Takes part in the fingerprint: raise it where a position's meaning changes, and older cursors are refused. */
const VERSION = 2;

/** The longest cursor we give is about 2,200 characters: a `doName` and a name, as JSON, in base64url. */
export const MAX_CURSOR_LENGTH = 4_096;

const wireSchema = z.tuple([z.string(), z.union([z.string(), z.number()]), z.string()]);

/** Tells a mistake from a page. It guards nothing, for every read is by user all the same. */
function fingerprint(list: ListIdentity, { key, last }: Position): string {
  const bound = JSON.stringify([VERSION, list, key, last]);
  return createHash('sha256').update(bound).digest('base64url').slice(0, 22);
}

/** A cursor of this list, for its page after `position`. */
export function encodeCursor(list: ListIdentity, position: Position): string {
  const wire: z.input<typeof wireSchema> = [fingerprint(list, position), position.key, position.last];
  return Buffer.from(JSON.stringify(wire)).toString('base64url');
}

/**
 * The position a cursor stands for; `null` where it is not one of this list, or not whole.
 * @param keyType of the list's keys
 */
export function decodeCursor(
  list: ListIdentity,
  keyType: 'string' | 'number',
  cursor: string,
): Position | null {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return null;
  }
  const wire = wireSchema.safeParse(json);
  if (!wire.success) return null;
  const [, key, last] = wire.data;
  // Encoded anew, so that nothing stands for a cursor but the cursor itself: base64 has room for more.
  return typeof key === keyType && encodeCursor(list, { key, last }) === cursor ? { key, last } : null;
}
