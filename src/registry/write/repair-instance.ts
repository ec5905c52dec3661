import type { InstanceReport } from '../../domain/instance.ts';
import { NEXT_SEQ } from '../next-seq.ts';
import { storedPart } from './stored-part.ts';

/** A time so far ahead of now that no clock of a room can have told it, in milliseconds. */
const IMPOSSIBLY_AHEAD_MS = 24 * 60 * 60_000;

/*
 * Parameters: ?1 do_name, ?2 do_id, ?3 user_id, ?4 decoded_user_id, ?5 decoded_name, ?6 created_at, ?7 the latest time that is
 * possible. One row read, none written where all is well: naming `decoded_user_id` costs the index entry of `user_id`, so the upsert cannot.
 */
const MEND = `
UPDATE durable_object_instance SET
  do_id = ?2, decoded_user_id = ?4, decoded_name = ?5,
  created_at = iif(created_at > ?7, ?6, created_at),
  last_accessed_at = iif(last_accessed_at > ?7, ?6, last_accessed_at),
  storage_measured_at = iif(storage_measured_at > ?7, ?6, storage_measured_at),
  seq = ${NEXT_SEQ}
WHERE do_name = ?1
  AND (
    do_id <> ?2 OR decoded_user_id IS NOT ?4 OR decoded_name IS NOT ?5
    OR max(created_at, last_accessed_at, coalesce(storage_measured_at, 0)) > ?7
  )
  AND EXISTS (SELECT 1 FROM user WHERE id = ?3)`;

/**
 * The statement that mends what no report would change in a row: what follows from the room's name, and times that are
 * later than every report's. Whatever else may be wrong the report itself puts right.
 * @param now Unix milliseconds
 */
export function mendStatement(
  db: D1Database | D1DatabaseSession,
  { doName, doId, userId, resourceName, createdAt }: InstanceReport,
  now: number,
): D1PreparedStatement {
  return db
    .prepare(MEND)
    .bind(
      doName,
      doId,
      userId,
      storedPart(userId),
      storedPart(resourceName),
      createdAt,
      now + IMPOSSIBLY_AHEAD_MS,
    );
}
