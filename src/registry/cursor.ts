import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { InstancesQuery } from './instances-query.ts';

/** Where a page ended: the next one begins after this row. */
export interface Position {
  /** The last row's value of what the list is sorted by. */
  readonly key: string | number;
  readonly doName: string;
}

/** Takes part in the fingerprint: raise it where a key's meaning changes, and older cursors are refused. */
const VERSION = 1;

const wireSchema = z.tuple([z.string(), z.union([z.string(), z.number()]), z.string()]);

/** What a cursor is bound to. It tells a mistake from a page; it guards nothing, since every read is by user. */
function fingerprint(userId: string, { sort, order, type, q }: InstancesQuery): string {
  const bound = JSON.stringify([VERSION, userId, sort, order, type ?? null, q ?? '']);
  return createHash('sha256').update(bound).digest('base64url').slice(0, 22);
}

/** A cursor of this user's query, for its page after `position`. */
export function encodeCursor(userId: string, query: InstancesQuery, position: Position): string {
  const wire: z.input<typeof wireSchema> = [fingerprint(userId, query), position.key, position.doName];
  return Buffer.from(JSON.stringify(wire)).toString('base64url');
}

/** The position a cursor stands for; `null` where it is not one of this user's query. */
export function decodeCursor(userId: string, query: InstancesQuery, cursor: string): Position | null {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return null;
  }
  const wire = wireSchema.safeParse(json);
  if (!wire.success) return null;
  const [of, key, doName] = wire.data;
  const ofItsSort = typeof key === (query.sort === 'resourceName' ? 'string' : 'number');
  return of === fingerprint(userId, query) && ofItsSort ? { key, doName } : null;
}
