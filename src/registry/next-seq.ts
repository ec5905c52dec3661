/**
 * SQL for the next change number. Both tables count, tombstones because the row that is deleted may have held the
 * highest number. D1 commits one writer at a time, so within the statement that stores it no one else can take it,
 * and the order of numbers is the order of commits. Two look-ups at the ends of two unique indexes.
 */
export const NEXT_SEQ = `1 + max(
  coalesce((SELECT max(seq) FROM durable_object_instance), 0),
  coalesce((SELECT max(seq) FROM registry_tombstone), 0)
)`;

/** SQL for the highest change number given so far, 0 where there is none; one row, `latestSeq`. */
export const LATEST_SEQ = `SELECT ${NEXT_SEQ} - 1 AS latestSeq`;
