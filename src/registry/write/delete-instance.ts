import { readOwnerId } from '../../domain/do-name.ts';
import { NEXT_SEQ } from '../next-seq.ts';
import { retryWrite } from './retry-write.ts';
import { giveBackStatement } from './room-budget.ts';

/** A room's incarnation that is gone. */
export interface DeletedIncarnation {
  readonly doName: string;
  /** Unix time in milliseconds, as in its reports. */
  readonly createdAt: number;
}

/*
 * Comes first, so that the trigger finds the deletion told, and a row that goes without one is known to be lost. It is
 * written also where no report has arrived yet: without it, a late one would make a row for what is gone. A later
 * incarnation refuses late reports by itself, and a tombstone with a higher number would tell the mirror to delete it.
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

/** The statements that delete one room's row, for one batch: in one transaction, in this order. */
export function deleteStatements(
  db: D1Database | D1DatabaseSession,
  { doName, createdAt }: DeletedIncarnation,
): D1PreparedStatement[] {
  return [
    giveBackStatement(db, { doName, createdAt, userId: readOwnerId(doName) ?? '' }, Date.now()),
    ...[ENSURE_TOMBSTONE, DELETE_ROW].map((sql) => db.prepare(sql).bind(doName, createdAt)),
  ];
}

/**
 * Takes a deleted room out of the registry, so that no report of this incarnation or an earlier one brings it back.
 * Doing it again writes nothing. Rejects where D1 fails, after some tries.
 * @returns the bookmark with which a read from any replica sees the deletion (see bookmark.ts)
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
