import { createHash } from 'node:crypto';

/**
 * The request for an erasure as it stands in D1 (src/erasure/schema.ts), for those who make one, ask for one, or carry
 * it out.
 */

/** Who asked for an erasure. A row of `user` that was deleted by hand asks as `database` (d1-migrations). */
export type ErasureRequester = 'user' | 'operator';

/** What is asked of an eraser. */
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

/*
 * Parameters: ?1 user id, ?2 its key, ?3 when the room began to be. An external issuer's user may come back after his
 * erasure, and what he makes then is his.
 */
const IS_ERASED = `
SELECT 1 FROM erasure
WHERE user_id IN (?1, ?2)
  AND (finished_at IS NULL OR finished_at >= ?3 OR NOT EXISTS (SELECT 1 FROM user WHERE id = ?1))
LIMIT 1`;

/** The statement that asks for an account's erasure, where none is under way. */
export function erasureRequestStatement(
  db: D1Database,
  userId: string,
  by: ErasureRequester,
): D1PreparedStatement {
  return db.prepare(REQUEST).bind(userId, by);
}

/**
 * The statement that tells by one row, or none, whether a room is among those that an erasure takes with it: one that
 * is under way takes all, a finished one those from before.
 * @param createdAt of the room's incarnation, Unix milliseconds
 */
export function isErasedStatement(db: D1Database, userId: string, createdAt: number): D1PreparedStatement {
  return db.prepare(IS_ERASED).bind(userId, getErasedUserKey(userId), createdAt);
}

/**
 * What stands for a user once he is erased: whoever knows the id can ask after the erasure, and nobody can read the id
 * from it, unless he can guess it.
 */
export function getErasedUserKey(userId: string): string {
  return `sha256:${createHash('sha256').update(userId).digest('hex')}`;
}
