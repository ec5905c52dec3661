import { getDoNameRange } from '../../domain/do-name.ts';

/**
 * Changes that are looked at, rows and deletions each. More than that have happened in a busy deployment between two
 * polls, and reading the user's own rooms anew costs about as much.
 */
const CHANGES_LOOKED_AT = 200;

/*
 * Parameters: ?1 seq, ?2 and ?3 the range of the user's names, ?4 CHANGES_LOOKED_AT + 1. Deletions are told by name alone: their
 * tombstones have no owner.
 */
const CHANGES_SINCE = `
  SELECT count(*) AS seen, coalesce(sum(do_name > ?2 AND do_name < ?3), 0) AS own FROM (
    SELECT * FROM (SELECT do_name FROM durable_object_instance WHERE seq > ?1 ORDER BY seq LIMIT ?4)
    UNION ALL
    SELECT * FROM (SELECT do_name FROM registry_tombstone WHERE seq > ?1 ORDER BY seq LIMIT ?4)
  )`;

/** One row, `{ seen, own }`: how many changes there were after `seq`, and how many of them were this user's. */
export function changesSinceStatement(
  session: D1DatabaseSession,
  userId: string,
  seq: number,
): D1PreparedStatement {
  const { after, before } = getDoNameRange(userId);
  return session.prepare(CHANGES_SINCE).bind(seq, after, before, CHANGES_LOOKED_AT + 1);
}

/**
 * Whether none of a user's rooms has changed, come or gone since change number `seq`, where that can be told for little:
 * the cost is the changes since, whoever's, up to `3 × CHANGES_LOOKED_AT` rows read; a user's rooms and the table's do not count.
 * `false` where there are more.
 *
 * Every write that changes a row's columns takes a number, so nothing that is shown changes without one. A tombstone
 * must not have been pruned that is younger than `seq`: callers ask for the last minutes only.
 */
export async function isUnchangedSince(
  session: D1DatabaseSession,
  userId: string,
  seq: number,
): Promise<boolean> {
  const [counts] = await session.batch<{ seen: number; own: number }>([
    changesSinceStatement(session, userId, seq),
  ]);
  const found = counts?.results[0];
  return found !== undefined && found.own === 0 && found.seen <= CHANGES_LOOKED_AT;
}
