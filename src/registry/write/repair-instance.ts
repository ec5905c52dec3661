import type { InstanceReport } from '../../domain/instance.ts';
import { NEXT_SEQ } from '../next-seq.ts';
import { getDecodedColumn } from './decoded-column.ts';

/** A time further in the future than this is impossible, in milliseconds. */
const MAX_CLOCK_AHEAD_MS = 24 * 60 * 60_000;

/*
 * Parameters: ?1 do_name, ?2 do_id, ?3 user_id, ?4 decoded_user_id, ?5 decoded_name, ?6 created_at, ?7 latest possible time.
 * Reads one row and writes none if it is correct. Separate from the upsert, because setting decoded_user_id also writes the
 * index entry of user_id.
 */
const REPAIR = `
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
 * The statement that repairs what the upsert cannot: columns that depend on the room's name, and impossible times. The
 * upsert corrects everything else.
 * @param now Unix milliseconds
 */
export function repairStatement(
  db: D1Database | D1DatabaseSession,
  { doName, doId, userId, resourceName, createdAt }: InstanceReport,
  now: number,
): D1PreparedStatement {
  return db
    .prepare(REPAIR)
    .bind(
      doName,
      doId,
      userId,
      getDecodedColumn(userId),
      getDecodedColumn(resourceName),
      createdAt,
      now + MAX_CLOCK_AHEAD_MS,
    );
}
