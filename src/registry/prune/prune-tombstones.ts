import { LATEST_SEQ } from '../next-seq.ts';

/**
 * A tombstone that the mirror has applied stays for this long, in milliseconds. Those who still look at it: late reports
 * of the deleted room (an alarm handler has 15 minutes and a Worker 30 s after its response, by Cloudflare's "Durable
 * Objects: Limits" and "Workers: Limits", and D1 ends a statement after 30 s), and polls by an `ETag`
 * (`TAG_TRUSTED_MS`). The rest is for operators, whom a day's deletions may concern.
 */
export const MIRRORED_TOMBSTONE_KEPT_MS = 24 * 60 * 60_000;

/**
 * The same without a mirror: one that was taken away and comes back within this time still learns of every deletion. One
 * that begins anew needs none.
 */
export const UNMIRRORED_TOMBSTONE_KEPT_MS = 30 * 24 * 60 * 60_000;

/** Tombstones that one run deletes. Each is one row written and six read, by D1's own count. */
export const PRUNED_A_RUN = 2_000;

/** What nobody needs any more. */
export interface Prunable {
  /** Those up to this change number, which the mirror has; `null`: of any number, where there is no mirror. */
  readonly mirroredThrough: number | null;
  /** Those of deletions before this, Unix milliseconds. */
  readonly deletedBefore: number;
}

/*
 * Parameters: ?1 mirrored through, ?2 deleted before, ?3 limit. The index on `seq` gives the oldest ones first, so what is
 * read is what goes, and two rows where nothing does.
 *
 * The tombstone with the highest number stays whatever its age: it may hold the highest number of all, which would be given
 * a second time without it. And nothing goes where the mirror has a higher number than the registry ever gave: D1 was
 * restored to an earlier time, and what its numbers mean to the mirror cannot be told from them.
 */
const PRUNABLE = `
  SELECT do_name, seq, deleted_at FROM (
    SELECT do_name, seq, deleted_at FROM registry_tombstone
    WHERE seq <= coalesce(?1, ${Number.MAX_SAFE_INTEGER}) ORDER BY seq LIMIT ?3
  )
  WHERE deleted_at < ?2
    AND seq < (SELECT max(seq) FROM registry_tombstone)
    AND coalesce(?1, 0) <= (${LATEST_SEQ})`;

/** A name tells the type of its room: each part of it is percent-encoded, so the colons are those between them. */
const REMEMBER = `
  INSERT INTO registry_pruned (do_type, rooms, deleted_through)
  SELECT iif(gone.do_name LIKE 'user:%:workspace:%', 'workspace', 'document'), count(*) - count(row.do_name),
    max(gone.deleted_at)
  FROM (${PRUNABLE}) AS gone LEFT JOIN durable_object_instance AS row ON row.do_name = gone.do_name
  WHERE true GROUP BY 1
  ON CONFLICT (do_type) DO UPDATE SET
    rooms = rooms + excluded.rooms, deleted_through = max(deleted_through, excluded.deleted_through)`;

const PRUNE = `DELETE FROM registry_tombstone WHERE seq IN (SELECT seq FROM (${PRUNABLE}))`;

const bound = (db: D1Database, sql: string, { mirroredThrough, deletedBefore }: Prunable, limit: number) =>
  db.prepare(sql).bind(mirroredThrough, deletedBefore, limit);

/** The statement that gives a row where there is a tombstone to prune. */
export function anyPrunable(db: D1Database, prunable: Prunable): D1PreparedStatement {
  return bound(db, PRUNABLE, prunable, 1);
}

/**
 * Deletes the oldest of the tombstones that nobody needs, and remembers how many there were. No change number becomes free
 * by it. Rejects where D1 fails; then nothing was done, or it was and is not done again.
 * @param limit at most so many
 * @returns how many
 */
export async function pruneTombstones(db: D1Database, prunable: Prunable, limit: number): Promise<number> {
  const [, pruned] = await db.batch([
    bound(db, REMEMBER, prunable, limit),
    bound(db, PRUNE, prunable, limit),
  ]);
  return pruned?.meta.changes ?? 0;
}
