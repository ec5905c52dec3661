/**
 * SQL for the next change number. Includes tombstones, because a deleted row may have had the highest number. D1 commits one
 * writer at a time, so numbers are unique and in the order of commits. Reads the ends of two indexes.
 */
export const NEXT_SEQ = `1 + max(
  coalesce((SELECT max(seq) FROM durable_object_instance), 0),
  coalesce((SELECT max(seq) FROM registry_tombstone), 0)
)`;

/** SQL for the highest change number, or 0: one row with the column `latestSeq`. */
export const LATEST_SEQ = `SELECT ${NEXT_SEQ} - 1 AS latestSeq`;
