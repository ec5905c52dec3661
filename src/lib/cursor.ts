import { createHash } from 'node:crypto';
import * as z from 'zod';

/** The last row of a page: the next page starts after it. */
export interface Position {
  /** The row's sort key. */
  readonly key: string | number;
  /** Unique tie-breaker of rows with the same key: a name or an id. */
  readonly last: string;
}

/** What a cursor is bound to: the list, its reader and all parameters that determine its rows and their order. */
export type ListIdentity = readonly (string | number | null)[];

/** Part of the fingerprint. Raise it if the meaning of a position changes, so that older cursors are refused. */
const VERSION = 2;

/** The longest valid cursor has about 2,200 characters: a `doName` and a name, as JSON, in base64url. */
export const MAX_CURSOR_LENGTH = 4_096;

const wireSchema = z.tuple([z.string(), z.union([z.string(), z.number()]), z.string()]);

/** Detects cursors of other lists. Not a security measure: every query filters by user. */
function fingerprint(list: ListIdentity, { key, last }: Position): string {
  const bound = JSON.stringify([VERSION, list, key, last]);
  return createHash('sha256').update(bound).digest('base64url').slice(0, 22);
}

function encodeCursor(list: ListIdentity, position: Position): string {
  const wire: z.input<typeof wireSchema> = [fingerprint(list, position), position.key, position.last];
  return Buffer.from(JSON.stringify(wire)).toString('base64url');
}

/** The position of a cursor; `null` for a malformed cursor or one of another list. */
function decodeCursor(list: ListIdentity, keyType: 'string' | 'number', cursor: string): Position | null {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return null;
  }
  const wire = wireSchema.safeParse(json);
  if (!wire.success) return null;
  const [, key, last] = wire.data;
  // Encodes it again, because base64 has several forms of the same bytes.
  return typeof key === keyType && encodeCursor(list, { key, last }) === cursor ? { key, last } : null;
}

/** A page of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

/**
 * The position after which a page starts: `null` for the first page, `'refused'` for a cursor of another list.
 * @param keyType type of the list's keys
 */
export function readPosition(
  list: ListIdentity,
  cursor: string | undefined,
  keyType: 'string' | 'number' = 'number',
): Position | null | 'refused' {
  return cursor === undefined ? null : (decodeCursor(list, keyType, cursor) ?? 'refused');
}

/**
 * Creates a page from rows in the order of the list.
 * @param rows `limit + 1` of them if there is a next page
 */
export function createPage<Row>(
  list: ListIdentity,
  limit: number,
  rows: readonly Row[],
  getPosition: (row: Row) => Position,
): Page<Row> {
  const kept = rows.slice(0, limit);
  const last = rows.length > limit ? kept.at(-1) : undefined;
  return { rows: kept, nextCursor: last === undefined ? null : encodeCursor(list, getPosition(last)) };
}
