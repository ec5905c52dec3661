import { createHash } from 'node:crypto';

/** Who requested an erasure. A trigger requests it as `database` if a row of `user` is deleted by hand (d1-migrations). */
export type ErasureRequester = 'user' | 'operator';

/** An erasure as its eraser receives it. */
export interface ErasureOrder {
  /** `erasure.id`. */
  readonly id: string;
  readonly userId: string;
  /** Unix milliseconds. */
  readonly requestedAt: number;
}

const REQUEST = `
INSERT INTO erasure (id, user_id, requested_by, requested_at)
VALUES (lower(hex(randomblob(16))), ?1, ?2, cast(unixepoch('subsec') * 1000 as integer))
ON CONFLICT DO NOTHING`;

/* Parameters: ?1 user id, ?2 its key, ?3 the room's creation. External users may return after their erasure; their new rooms stay. */
const IS_ERASED = `
SELECT 1 FROM erasure
WHERE user_id IN (?1, ?2)
  AND (finished_at IS NULL OR finished_at >= ?3 OR NOT EXISTS (SELECT 1 FROM user WHERE id = ?1))
LIMIT 1`;

/** Requests the erasure of an account, unless one is unfinished. */
export function erasureRequestStatement(
  db: D1Database,
  userId: string,
  by: ErasureRequester,
): D1PreparedStatement {
  return db.prepare(REQUEST).bind(userId, by);
}

/**
 * Returns a row if the erasure of the owner includes the room: an unfinished erasure includes all rooms, a finished one those
 * created before.
 * @param createdAt of the room's incarnation, Unix milliseconds
 */
export function isErasedStatement(db: D1Database, userId: string, createdAt: number): D1PreparedStatement {
  return db.prepare(IS_ERASED).bind(userId, getErasedUserKey(userId), createdAt);
}

/** Identifies an erased user: it can be computed from the id, but the id cannot be read from it. */
export function getErasedUserKey(userId: string): string {
  return `sha256:${createHash('sha256').update(userId).digest('hex')}`;
}
