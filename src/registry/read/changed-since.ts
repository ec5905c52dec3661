import { getDoNameRange } from '../../domain/do-name.ts';

/** Maximum rows and tombstones to check. With more changes, reading the user's rooms again costs about as much. */
const MAX_CHANGES_CHECKED = 200;

/*
 * Parameters: ?1 seq, ?2 and ?3 the range of the user's names, ?4 MAX_CHANGES_CHECKED + 1. Deletions are matched by name, because
 * tombstones have no owner.
 */
const CHANGES_SINCE = `
  SELECT count(*) AS seen, coalesce(sum(do_name > ?2 AND do_name < ?3), 0) AS own FROM (
    SELECT * FROM (SELECT do_name FROM durable_object_instance WHERE seq > ?1 ORDER BY seq LIMIT ?4)
    UNION ALL
    SELECT * FROM (SELECT do_name FROM registry_tombstone WHERE seq > ?1 ORDER BY seq LIMIT ?4)
  )`;

/** The statement for the number of changes after `seq` (`seen`) and of those in the user's rooms (`own`). */
export function changesSinceStatement(
  session: D1DatabaseSession,
  userId: string,
  seq: number,
): D1PreparedStatement {
  const { after, before } = getDoNameRange(userId);
  return session.prepare(CHANGES_SINCE).bind(seq, after, before, MAX_CHANGES_CHECKED + 1);
}

/**
 * Whether none of a user's rooms was created, changed or deleted after change `seq`; `false` also if too many changes of all
 * users followed. Reads at most `3 × MAX_CHANGES_CHECKED` rows. `seq` must be recent: tombstones after it must not have been
 * pruned.
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
  return found !== undefined && found.own === 0 && found.seen <= MAX_CHANGES_CHECKED;
}
