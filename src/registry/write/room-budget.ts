import { retryWrite } from './retry-write.ts';

const HOUR_MS = 60 * 60_000;

/**
 * A room that was created reports itself within this time, in milliseconds: from then on the registry's rows are the count of the
 * user's rooms, whatever became of creations that failed.
 */
const REPORTED_WITHIN_MS = 2 * 60_000;

/** What the limits are, and who creates a room. */
export interface Creation {
  readonly userId: string;
  readonly maxRooms: number;
  readonly maxRoomsPerHour: number;
}

export type CreationAnswer =
  | { readonly kind: 'allowed' }
  /** There is no row of this user, so nothing was counted. */
  | { readonly kind: 'unknown user' }
  | { readonly kind: 'too many rooms' }
  | { readonly kind: 'too many this hour'; readonly retryAfterMs: number };

/*
 * Parameters: ?1 user id, ?2 now, ?3 maxRooms, ?4 maxRoomsPerHour. One row written, or none where a limit is reached; as one statement
 * it is atomic, so creations that come at once cannot pass together. An hour that begins in the future comes from a wrong clock.
 */
const TAKE = `
INSERT INTO room_budget (user_id, rooms, created_at, hour_began_at, created_in_hour)
SELECT * FROM (
  SELECT
    user.id,
    1 + CASE
      WHEN budget.created_at BETWEEN ?2 - ${REPORTED_WITHIN_MS} AND ?2 + ${REPORTED_WITHIN_MS} THEN budget.rooms
      ELSE (SELECT count(*) FROM durable_object_instance WHERE user_id = user.id)
    END AS rooms,
    ?2,
    iif(counts, budget.hour_began_at, ?2),
    1 + iif(counts, budget.created_in_hour, 0) AS created_in_hour
  FROM user LEFT JOIN (
    SELECT *, hour_began_at BETWEEN ?2 - ${HOUR_MS - 1} AND ?2 + ${HOUR_MS} AS counts FROM room_budget
  ) AS budget ON budget.user_id = user.id
  WHERE user.id = ?1
)
WHERE created_in_hour <= ?4 AND rooms <= ?3
ON CONFLICT (user_id) DO UPDATE SET
  rooms = excluded.rooms, created_at = excluded.created_at,
  hour_began_at = excluded.hour_began_at, created_in_hour = excluded.created_in_hour
RETURNING 1`;

/** Parameter: ?1 user id. */
const STATE = `
SELECT hour_began_at AS hourBeganAt, created_in_hour AS createdInHour
FROM user LEFT JOIN room_budget ON user_id = id WHERE id = ?1`;

/*
 * Parameters: ?1 do_name, ?2 created_at of the deleted incarnation, ?3 user id, ?4 now. Comes before the deletion is recorded, and
 * writes a row only where that is new and the budget's own count is used.
 */
const GIVE_BACK = `
UPDATE room_budget SET rooms = rooms - 1
WHERE user_id = ?3 AND rooms > 0 AND created_at > ?4 - ${REPORTED_WITHIN_MS}
  AND NOT EXISTS (SELECT 1 FROM registry_tombstone WHERE do_name = ?1 AND created_at >= ?2)
  AND NOT EXISTS (SELECT 1 FROM durable_object_instance WHERE do_name = ?1 AND created_at > ?2)`;

/**
 * Counts one more room of a user, where the limits allow one. A creation that fails afterwards stays counted in its hour.
 * Rejects where D1 fails, after some tries.
 * @param now Unix milliseconds
 * @param before what the user's row needs first; idempotent
 */
export async function takeFromRoomBudget(
  db: D1Database,
  { userId, maxRooms, maxRoomsPerHour }: Creation,
  now: number,
  before: readonly D1PreparedStatement[] = [],
): Promise<CreationAnswer> {
  const results = await retryWrite(() =>
    db.batch<Record<string, unknown>>([
      ...before,
      db.prepare(TAKE).bind(userId, now, maxRooms, maxRoomsPerHour),
      db.prepare(STATE).bind(userId),
    ]),
  );
  const [taken, state] = results.slice(before.length);
  if ((taken?.results.length ?? 0) > 0) return { kind: 'allowed' };
  const [found] = state?.results ?? [];
  if (found === undefined) return { kind: 'unknown user' };
  const hourEndsInMs = Number(found['hourBeganAt'] ?? 0) + HOUR_MS - now;
  const isHourFull = hourEndsInMs > 0 && Number(found['createdInHour'] ?? 0) >= maxRoomsPerHour;
  return isHourFull
    ? { kind: 'too many this hour', retryAfterMs: Math.min(hourEndsInMs, HOUR_MS) }
    : { kind: 'too many rooms' };
}

/** The statement that gives a deleted room back to its owner's count, in the transaction that records the deletion. */
export function giveBackStatement(
  db: D1Database | D1DatabaseSession,
  { doName, createdAt, userId }: { doName: string; createdAt: number; userId: string },
  now: number,
): D1PreparedStatement {
  return db.prepare(GIVE_BACK).bind(doName, createdAt, userId, now);
}
