/** Limits of a room's log and its compaction. */

/** The error of the estimated gain of a compaction, in bytes: SQLite allocates and frees whole pages. */
export const COMPACTION_GAIN_SLACK_BYTES = 32_768;

/** A room stores that it refused an edit at most once in this time, in milliseconds. */
export const REFUSAL_RECORD_INTERVAL_MS = 60_000;

/** A value in SQLite, in bytes. Cloudflare's limit for a value and for a whole row is 2 MB (Durable Objects, "Limits"). */
export const MAX_CELL_BYTES = 1_900_000;

/** The cache of log rows, in bytes. New edits up to `MAX_CACHED_EDIT_BYTES` are cached when they are written. */
export const MAX_ROW_CACHE_BYTES = 8 * 1024 * 1024;
export const MAX_CACHED_EDIT_BYTES = 64 * 1024;

/** Updates that one query reads, in bytes. A larger update is read alone. */
export const MAX_READ_BATCH_BYTES = 512 * 1024;

/** Rows per query of a damaged log. */
export const MAX_ROWS_PER_QUERY = 1_024;

/** Memory of a byte array besides its bytes. */
export const BYTE_ARRAY_OVERHEAD_BYTES = 200;

/**
 * Yjs client ids of earlier incarnations that a room stores, at most 5 bytes each in one value. Ids have 32 bits, so a new
 * client has one of these ids with a probability of 1 in 43,000.
 */
export const MAX_FORMER_CLIENTS = 100_000;

/** A room is quiet if its last edit is older than this, in milliseconds. */
export const QUIET_AFTER_MS = 30_000;

/** A quiet room is compacted if at least this many updates follow the compacted ones. */
export const COMPACT_QUIET_AFTER_UPDATES = 32;

/** Or one update for each N bytes that the compaction rewrites, if that is more: a large document is not rewritten for a word. */
export const COMPACT_QUIET_BYTES_PER_UPDATE = 4_096;

/**
 * A busy room is compacted if this many updates follow the compacted ones, or one for each N bytes that the compaction
 * rewrites, if that is more: so the cost per edit stays the same. The maximum bounds memory, some hundred bytes an update.
 */
export const COMPACT_AFTER_UPDATES = 2_000;
export const COMPACT_BYTES_PER_UPDATE = 128;
export const MAX_UPDATES_BEFORE_COMPACTION = 20_000;

/**
 * The structs that a room has already are removed from updates of this size or more. Compaction does not find repetitions
 * between segments, and a client may send its whole document each time.
 */
export const MIN_DEDUPLICATED_BYTES = 256 * 1024;

/**
 * The size of compacted updates (segments), in bytes. Compaction holds one segment and its source updates in memory. A
 * segment fits into one cell.
 */
export const MAX_SEGMENT_BYTES = 1_800_000;

/**
 * A room is also compacted if this many bytes follow the compacted updates, or as many as these have, if that is more: a
 * few large updates, such as a value that is set again and again, must not fill the room.
 */
export const COMPACT_AFTER_BYTES = 1_000_000;

/** The largest `Y.Doc` that a room builds to restore a version, in heap bytes by `doc-weight.ts`. An object has 128 MB. */
export const MAX_DOC_WEIGHT_BYTES = 80_000_000;

/** A compaction waits this long for clients that are being sent the content, in milliseconds. */
export const MAX_COMPACTION_DELAY_MS = 2 * 60_000;

/**
 * Bytes that a room reads to count deleted content; beyond that it estimates. A map of 4.7 MB takes 50 to 100 ms, a text of
 * 9 MB 40 ms (measured, November 2026).
 */
export const MAX_SCANNED_BYTES = 8_000_000;

/** The minimum between two automatic versions of an edited document, in milliseconds. */
export const AUTOMATIC_VERSION_INTERVAL_MS = 10 * 60_000;

/** Automatic versions of one document. `thinning.ts` decides which are removed with age. */
export const MAX_AUTOMATIC_VERSIONS = 500;
