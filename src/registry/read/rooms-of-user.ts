import { getDoNameRange } from '../../domain/do-name.ts';
import { CLOCKS_DIFFER_BY_MS } from '../intervals.ts';

/** A page of a user's rooms. Times are Unix milliseconds. */
interface RoomsOfUser {
  readonly userId: string;
  /** Rooms too whose rows are gone since then, as they go with their user; `null`: none of those. */
  readonly goneSince: number | null;
  /** The last name of the page before; empty for the first. */
  readonly after: string;
  readonly limit: number;
}

/*
 * Parameters: ?1 user id, ?2 after, ?3 limit. By the index on user_id, never through the names of others: the "+" keeps the
 * index on do_name from being used. A page reads all rooms of the user.
 */
const ROOMS = `
  SELECT do_name AS doName, created_at AS createdAt FROM durable_object_instance
  WHERE user_id = ?1 AND +do_name > ?2 ORDER BY +do_name LIMIT ?3`;

/* Further: ?4 and ?5 the range of the user's names, ?6 gone since. A room that was deleted and recreated is in both. */
const ROOMS_AND_GONE = `
  SELECT doName, max(createdAt) AS createdAt FROM (
    SELECT * FROM (${ROOMS})
    UNION ALL
    SELECT do_name AS doName, created_at AS createdAt FROM registry_tombstone
    WHERE do_name > max(?2, ?4) AND do_name < ?5 AND deleted_at >= ?6
  ) GROUP BY doName ORDER BY doName LIMIT ?3`;

/** A user's rooms in the order of their names, from the primary: by their rows, and by the tombstones of those gone. */
export async function readRoomsOfUser(
  db: D1Database,
  { userId, goneSince, after, limit }: RoomsOfUser,
): Promise<{ readonly doName: string; readonly createdAt: number }[]> {
  const range = getDoNameRange(userId);
  const statement =
    goneSince === null
      ? db.prepare(ROOMS).bind(userId, after, limit)
      : db
          .prepare(ROOMS_AND_GONE)
          .bind(userId, after, limit, range.after, range.before, goneSince - CLOCKS_DIFFER_BY_MS);
  return (await statement.all<{ doName: string; createdAt: number }>()).results;
}

/**
 * Whether any row is a user's, from the primary.
 * @param doName this one alone; `null`: whichever
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
