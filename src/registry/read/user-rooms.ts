import { getDoNameRange } from '../../domain/do-name.ts';
import { MAX_CLOCK_DIFFERENCE_MS } from '../intervals.ts';

/** A page of a user's rooms. Times are Unix milliseconds. */
interface UserRooms {
  readonly userId: string;
  /** Also rooms whose rows were deleted since then, for example with the row of their user; `null` for none. */
  readonly goneSince: number | null;
  /** The last name of the previous page; empty for the first page. */
  readonly after: string;
  readonly limit: number;
}

/*
 * Parameters: ?1 user id, ?2 after, ?3 limit. The "+" makes SQLite use the index on user_id, not the one on do_name. A page
 * reads all rooms of the user.
 */
const ROOMS = `
  SELECT do_name AS doName, created_at AS createdAt FROM durable_object_instance
  WHERE user_id = ?1 AND +do_name > ?2 ORDER BY +do_name LIMIT ?3`;

/* Further: ?4 and ?5 the range of the user's names, ?6 gone since. A room that was deleted and recreated is in both. */
const ROOMS_AND_TOMBSTONES = `
  SELECT doName, max(createdAt) AS createdAt FROM (
    SELECT * FROM (${ROOMS})
    UNION ALL
    SELECT do_name AS doName, created_at AS createdAt FROM registry_tombstone
    WHERE do_name > max(?2, ?4) AND do_name < ?5 AND deleted_at >= ?6
  ) GROUP BY doName ORDER BY doName LIMIT ?3`;

/** Reads a user's rooms in the order of their names from the primary: rows, and tombstones if `goneSince` is set. */
export async function readUserRooms(
  db: D1Database,
  { userId, goneSince, after, limit }: UserRooms,
): Promise<{ readonly doName: string; readonly createdAt: number }[]> {
  const range = getDoNameRange(userId);
  const statement =
    goneSince === null
      ? db.prepare(ROOMS).bind(userId, after, limit)
      : db
          .prepare(ROOMS_AND_TOMBSTONES)
          .bind(userId, after, limit, range.after, range.before, goneSince - MAX_CLOCK_DIFFERENCE_MS);
  return (await statement.all<{ doName: string; createdAt: number }>()).results;
}

/**
 * Whether a user has rooms. Reads the primary.
 * @param doName only this room; `null` for any room
 */
export async function hasRooms(
  db: D1Database,
  userId: string,
  doName: string | null = null,
): Promise<boolean> {
  const sql =
    'SELECT 1 FROM durable_object_instance WHERE user_id = ?1 AND do_name = coalesce(?2, do_name) LIMIT 1';
  return (await db.prepare(sql).bind(userId, doName).first()) !== null;
}
