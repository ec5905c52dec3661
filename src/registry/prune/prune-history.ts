import { LATEST_SEQ } from '../next-seq.ts';
import type { Prunable } from './prune-tombstones.ts';

const MAX_USERS_PER_RUN = 50;
const MAX_ROWS_PER_RUN = 2_000;

/* Parameters: ?1 mirrored through, ?2 deleted before (Unix seconds), ?3 users, ?4 rows. */
const ENDED = `SELECT ended_at, user_id FROM storage_history_ended WHERE ended_at < ?2 ORDER BY ended_at LIMIT ?3`;

/*
 * The rows from before the account was deleted. An external user can exist again: the history then continues from the last
 * row, which stays if it is not empty.
 */
const IS_PRUNABLE = `
  row.user_id = ended.user_id AND row.changed_at <= ended.ended_at AND (
    row.storage_bytes = 0
    OR row.day < (SELECT max(day) FROM user_storage_day WHERE user_id = ended.user_id)
    OR NOT EXISTS (SELECT 1 FROM user WHERE id = ended.user_id)
  )`;

/** Deletes nothing if the mirror is ahead of the registry, as with tombstones. */
const PRUNE = `
  DELETE FROM user_storage_day WHERE (user_id, day) IN (
    SELECT row.user_id, row.day FROM (${ENDED}) AS ended JOIN user_storage_day AS row ON ${IS_PRUNABLE}
    WHERE row.seq <= coalesce(?1, row.seq) LIMIT ?4
  ) AND coalesce(?1, 0) <= (${LATEST_SEQ})`;

/** Removes the users whose history is deleted. */
const DELETE_SETTLED = `
  DELETE FROM storage_history_ended WHERE (ended_at, user_id) IN (
    SELECT ended_at, user_id FROM (${ENDED}) AS ended
    WHERE NOT EXISTS (SELECT 1 FROM user_storage_day AS row WHERE ${IS_PRUNABLE})
  )`;

const toSeconds = ({ deletedBefore }: Prunable): number => Math.floor(deletedBefore / 1_000);

/** The statement that returns a row if the history of a deleted user can be pruned. */
export function endedHistoryStatement(db: D1Database, prunable: Prunable): D1PreparedStatement {
  return db.prepare(ENDED).bind(null, toSeconds(prunable), 1);
}

/**
 * Deletes the history of deleted users under the same conditions as tombstones, those deleted first, a limited number of
 * rows per run. Atomic. Rejects if D1 fails.
 * @returns the number of deleted rows
 */
export async function pruneHistory(db: D1Database, prunable: Prunable): Promise<number> {
  const before = toSeconds(prunable);
  const [pruned] = await db.batch([
    db.prepare(PRUNE).bind(prunable.mirroredThrough, before, MAX_USERS_PER_RUN, MAX_ROWS_PER_RUN),
    db.prepare(DELETE_SETTLED).bind(null, before, MAX_USERS_PER_RUN),
  ]);
  return pruned?.meta.changes ?? 0;
}
