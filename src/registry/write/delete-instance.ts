import { readOwnerId } from '../../domain/do-name.ts';
import { NEXT_SEQ } from '../next-seq.ts';
import { retryWrite } from './retry-write.ts';
import { releaseRoomStatement } from './room-limits.ts';

/** A deleted incarnation of a room. */
export interface DeletedIncarnation {
  readonly doName: string;
  /** Unix time in milliseconds, as in its reports. */
  readonly createdAt: number;
}

/*
 * Runs before the row is deleted, so that the trigger recognises a reported deletion. Also written if no report has arrived
 * yet, so that a late report creates no row. Not written if a later incarnation exists: the mirror would delete its row.
 */
const ENSURE_TOMBSTONE = `
INSERT INTO registry_tombstone (do_name, created_at, deleted_at, seq)
SELECT ?1, ?2, cast(unixepoch('subsec') * 1000 as integer), ${NEXT_SEQ}
WHERE NOT EXISTS (SELECT 1 FROM durable_object_instance WHERE do_name = ?1 AND created_at > ?2)
ON CONFLICT (do_name) DO UPDATE SET
  created_at = excluded.created_at, deleted_at = excluded.deleted_at, seq = excluded.seq
WHERE excluded.created_at > created_at`;

/** A later incarnation keeps its row. */
const DELETE_ROW = 'DELETE FROM durable_object_instance WHERE do_name = ?1 AND created_at <= ?2';

/** The statements that delete a room's row. They must run in one transaction and in this order. */
export function deleteStatements(
  db: D1Database | D1DatabaseSession,
  { doName, createdAt }: DeletedIncarnation,
): D1PreparedStatement[] {
  return [
    releaseRoomStatement(db, { doName, createdAt, userId: readOwnerId(doName) ?? '' }, Date.now()),
    ...[ENSURE_TOMBSTONE, DELETE_ROW].map((sql) => db.prepare(sql).bind(doName, createdAt)),
  ];
}

/**
 * Deletes a room from the registry. Later reports of this or an earlier incarnation are ignored. Idempotent. Rejects if D1
 * fails repeatedly.
 * @returns a bookmark; reads with it see the deletion on every replica (bookmark.ts)
 */
export async function deleteInstance(
  db: D1Database,
  deleted: DeletedIncarnation,
): Promise<{ bookmark: string | null }> {
  return retryWrite(async () => {
    const session = db.withSession('first-primary');
    await session.batch(deleteStatements(session, deleted));
    return { bookmark: session.getBookmark() };
  });
}
