import { LATEST_SEQ } from '../next-seq.ts';

/**
 * How long a tombstone is kept after the mirror has applied it. Late reports need it for up to 15 minutes (Cloudflare, "Durable
 * Objects: Limits", alarm handlers), and requests with an `ETag` for `MAX_TAG_AGE_MS`. The rest is for operators.
 */
export const MIRRORED_TOMBSTONE_KEPT_MS = 24 * 60 * 60_000;

/** How long a tombstone is kept without a mirror: a mirror that is reconnected within this time gets every deletion. */
export const UNMIRRORED_TOMBSTONE_KEPT_MS = 30 * 24 * 60 * 60_000;

/** Each tombstone is one row written and six rows read, by D1's count. */
export const MAX_TOMBSTONES_PER_RUN = 2_000;

/** Which tombstones and history may be deleted. */
export interface Prunable {
  /** Up to this change number, which the mirror has; `null` for any number, if there is no mirror. */
  readonly mirroredThrough: number | null;
  /** Deleted before this time, Unix milliseconds. */
  readonly deletedBefore: number;
}

/*
 * Parameters: ?1 mirrored through, ?2 deleted before, ?3 limit. Reads the oldest tombstones by the index on `seq`.
 *
 * The tombstone with the highest `seq` stays, so that its number is not assigned again. Nothing is deleted if the mirror has
 * a higher number than the registry: D1 was restored to an earlier time, and its numbers have another meaning now.
 */
const PRUNABLE = `
  SELECT do_name, seq, deleted_at FROM (
    SELECT do_name, seq, deleted_at FROM registry_tombstone
    WHERE seq <= coalesce(?1, ${Number.MAX_SAFE_INTEGER}) ORDER BY seq LIMIT ?3
  )
  WHERE deleted_at < ?2
    AND seq < (SELECT max(seq) FROM registry_tombstone)
    AND coalesce(?1, 0) <= (${LATEST_SEQ})`;

/** The type is read from the name. Its parts are percent-encoded, so every colon is a separator. */
const REMEMBER = `
  INSERT INTO registry_pruned (do_type, rooms, deleted_through)
  SELECT iif(gone.do_name LIKE 'user:%:workspace:%', 'workspace', 'document'), count(*) - count(row.do_name),
    max(gone.deleted_at)
  FROM (${PRUNABLE}) AS gone LEFT JOIN durable_object_instance AS row ON row.do_name = gone.do_name
  WHERE true GROUP BY 1
  ON CONFLICT (do_type) DO UPDATE SET
    rooms = rooms + excluded.rooms, deleted_through = max(deleted_through, excluded.deleted_through)`;

const PRUNE = `DELETE FROM registry_tombstone WHERE seq IN (SELECT seq FROM (${PRUNABLE}))`;

const bindPrunable = (
  db: D1Database,
  sql: string,
  { mirroredThrough, deletedBefore }: Prunable,
  limit: number,
) => db.prepare(sql).bind(mirroredThrough, deletedBefore, limit);

/** The statement that returns a row if a tombstone can be pruned. */
export function prunableStatement(db: D1Database, prunable: Prunable): D1PreparedStatement {
  return bindPrunable(db, PRUNABLE, prunable, 1);
}

/**
 * Deletes the oldest prunable tombstones, at most `limit`, and adds them to `registry_pruned`. Atomic. Rejects if D1 fails.
 * @returns the number of deleted tombstones
 */
export async function pruneTombstones(db: D1Database, prunable: Prunable, limit: number): Promise<number> {
  const [, pruned] = await db.batch([
    bindPrunable(db, REMEMBER, prunable, limit),
    bindPrunable(db, PRUNE, prunable, limit),
  ]);
  return pruned?.meta.changes ?? 0;
}
