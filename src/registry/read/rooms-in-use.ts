import { getDoNameRange } from '../../domain/do-name.ts';
import { ACCESS_INTERVAL_MS, MAX_CLOCK_DIFFERENCE_MS } from '../intervals.ts';

/** A page of a user's rooms, found by their names. Times are Unix milliseconds. */
export interface RoomsInUse {
  readonly userId: string;
  /** Rooms used since then. */
  readonly usedSince: number;
  /** Also rooms whose rows were deleted since then, for example with the row of their user. */
  readonly goneSince: number;
  /** The last name of the previous page; empty for the first page. */
  readonly after: string;
  readonly limit: number;
}

/*
 * Parameters: ?1 after, ?2 and ?3 the range of the user's names, ?4 used since, ?5 gone since, ?6 limit. Merges two ranges of
 * primary keys. A room that was deleted and recreated is in both.
 */
const ROOMS_IN_USE = `
  SELECT do_name AS doName FROM durable_object_instance
  WHERE do_name > max(?1, ?2) AND do_name < ?3 AND last_accessed_at >= ?4
  UNION
  SELECT do_name FROM registry_tombstone
  WHERE do_name > max(?1, ?2) AND do_name < ?3 AND deleted_at >= ?5
  ORDER BY doName LIMIT ?6`;

/**
 * Reads the rooms that may have been used since a time, from the primary, in the order of their names. Includes every used
 * room, because `last_accessed_at` is late by less than `ACCESS_INTERVAL_MS`.
 */
export async function readRoomsInUse(
  db: D1Database,
  { userId, usedSince, goneSince, after, limit }: RoomsInUse,
): Promise<readonly string[]> {
  const range = getDoNameRange(userId);
  const { results } = await db
    .prepare(ROOMS_IN_USE)
    .bind(
      after,
      range.after,
      range.before,
      usedSince - ACCESS_INTERVAL_MS - MAX_CLOCK_DIFFERENCE_MS,
      goneSince - MAX_CLOCK_DIFFERENCE_MS,
      limit,
    )
    .all<{ doName: string }>();
  return results.map(({ doName }) => doName);
}
