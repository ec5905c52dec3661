import { LATEST_SEQ } from '../next-seq.ts';
import type { Prunable } from './prune-tombstones.ts';

/** Users whose history one run looks at, and rows of it that the run deletes. */
const USERS_A_RUN = 50;
const ROWS_A_RUN = 2_000;

/* Parameters: ?1 mirrored through, ?2 deleted before (Unix seconds), ?3 users, ?4 rows. */
const ENDED = `SELECT ended_at, user_id FROM storage_history_ended WHERE ended_at < ?2 ORDER BY ended_at LIMIT ?3`;

/*
 * What an account had until it was deleted. A user of an external issuer may be there again: what he has now is counted on from
 * his last row, which stays where there is something in it.
 */
const GOES = `
  row.user_id = ended.user_id AND row.changed_at <= ended.ended_at AND (
    row.storage_bytes = 0
    OR row.day < (SELECT max(day) FROM user_storage_day WHERE user_id = ended.user_id)
    OR NOT EXISTS (SELECT 1 FROM user WHERE id = ended.user_id)
  )`;

/** Where the mirror is ahead, what its numbers mean cannot be told, as with tombstones. */
const PRUNE = `
  DELETE FROM user_storage_day WHERE (user_id, day) IN (
    SELECT row.user_id, row.day FROM (${ENDED}) AS ended JOIN user_storage_day AS row ON ${GOES}
    WHERE row.seq <= coalesce(?1, row.seq) LIMIT ?4
  ) AND coalesce(?1, 0) <= (${LATEST_SEQ})`;

/** Whose history has gone is done with. */
const SETTLE = `
  DELETE FROM storage_history_ended WHERE (ended_at, user_id) IN (
    SELECT ended_at, user_id FROM (${ENDED}) AS ended
    WHERE NOT EXISTS (SELECT 1 FROM user_storage_day AS row WHERE ${GOES})
  )`;

const secondsOf = ({ deletedBefore }: Prunable): number => Math.floor(deletedBefore / 1_000);

/** The statement that gives a row where somebody's history may be pruned. */
export function anyHistoryEnded(db: D1Database, prunable: Prunable): D1PreparedStatement {
  return db.prepare(ENDED).bind(null, secondsOf(prunable), 1);
}

/**
 * Deletes history of users who are gone, once nobody needs it any more: under the conditions of tombstones, bounded, those
 * who left first. Rejects where D1 fails; then nothing was done, or it was and is not done again.
 * @returns how many rows
 */
export async function pruneHistory(db: D1Database, prunable: Prunable): Promise<number> {
  const before = secondsOf(prunable);
  const [pruned] = await db.batch([
    db.prepare(PRUNE).bind(prunable.mirroredThrough, before, USERS_A_RUN, ROWS_A_RUN),
    db.prepare(SETTLE).bind(null, before, USERS_A_RUN),
  ]);
  return pruned?.meta.changes ?? 0;
}
