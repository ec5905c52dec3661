import { retryWrite } from './retry-write.ts';

const HOUR_MS = 60 * 60_000;

/**
 * A created room reports itself within this time, in milliseconds. Afterwards the user's rooms are counted from the
 * registry's rows, which corrects the count of creations that failed.
 */
const REPORTED_WITHIN_MS = 2 * 60_000;

/** The creation of a room and the limits of its owner. */
export interface Creation {
  readonly userId: string;
  readonly maxRooms: number;
  readonly maxRoomsPerHour: number;
}

export type ReservationResult =
  | { readonly kind: 'allowed' }
  /** The user has no row, so nothing was counted. */
  | { readonly kind: 'unknown user' }
  | { readonly kind: 'too many rooms' }
  | { readonly kind: 'too many this hour'; readonly retryAfterMs: number };

/*
 * Parameters: ?1 user id, ?2 now, ?3 maxRooms, ?4 maxRoomsPerHour. Writes one row, or none if a limit is reached. One
 * statement, so that concurrent creations cannot exceed a limit together. An hour that begins in the future is caused by a
 * wrong clock and is ignored.
 */
const RESERVE = `
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
 * Parameters: ?1 do_name, ?2 created_at of the deleted incarnation, ?3 user id, ?4 now. Runs before the deletion is recorded.
 * Writes a row only for a new deletion, and only while the count of the budget is in use.
 */
const RELEASE = `
UPDATE room_budget SET rooms = rooms - 1
WHERE user_id = ?3 AND rooms > 0 AND created_at > ?4 - ${REPORTED_WITHIN_MS}
  AND NOT EXISTS (SELECT 1 FROM registry_tombstone WHERE do_name = ?1 AND created_at >= ?2)
  AND NOT EXISTS (SELECT 1 FROM durable_object_instance WHERE do_name = ?1 AND created_at > ?2)`;

/**
 * Counts one more room of a user if the limits allow it. A creation that fails afterwards stays counted in its hour. Rejects
 * if D1 fails repeatedly.
 * @param now Unix milliseconds
 * @param before idempotent statements that run first, for example to insert the user
 */
export async function reserveRoom(
  db: D1Database,
  { userId, maxRooms, maxRoomsPerHour }: Creation,
  now: number,
  before: readonly D1PreparedStatement[] = [],
): Promise<ReservationResult> {
  const results = await retryWrite(() =>
    db.batch<Record<string, unknown>>([
      ...before,
      db.prepare(RESERVE).bind(userId, now, maxRooms, maxRoomsPerHour),
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

/** The statement that removes a deleted room from its owner's count. For the transaction that records the deletion. */
export function releaseRoomStatement(
  db: D1Database | D1DatabaseSession,
  { doName, createdAt, userId }: { doName: string; createdAt: number; userId: string },
  now: number,
): D1PreparedStatement {
  return db.prepare(RELEASE).bind(doName, createdAt, userId, now);
}
