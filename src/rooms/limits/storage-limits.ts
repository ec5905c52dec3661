/** How a room keeps its log, and when it compacts it. */

/** What the estimate of a compaction's gain may be wrong by, in bytes: SQLite takes and frees whole pages. */
export const COMPACTION_GAIN_SLACK_BYTES = 32_768;

/** A room notes for its owner that it refused an edit no more often than this, in milliseconds. */
export const REFUSAL_RECORD_INTERVAL_MS = 60_000;

/**
 * A value in SQLite, in bytes. Cloudflare's documented limit is 2 MB for a value and for a whole row (Durable Objects,
 * "Limits"), whose other columns need some too.
 */
export const MAX_CELL_BYTES = 1_900_000;

/**
 * Rows of the log that are kept in memory once they were written or read, in bytes: what several clients ask for at
 * once is read once. Edits up to so many bytes count as rows that will be read soon.
 */
export const MAX_ROW_CACHE_BYTES = 8 * 1024 * 1024;
export const MAX_CACHED_EDIT_BYTES = 64 * 1024;

/** Updates of the log are read together up to so many bytes; a larger one is read alone. */
export const MAX_READ_BATCH_BYTES = 512 * 1024;

/** Rows that a damaged log is asked for in one query. */
export const MAX_ROWS_PER_QUERY = 1_024;

/** What a byte array takes in memory beside its bytes. */
export const BYTE_ARRAY_OVERHEAD_BYTES = 200;

/**
 * Yjs clients of a room's earlier incarnations that it remembers: at most 5 bytes each, in one value. By chance, a new
 * client is taken for one of so many once in 43,000 times: ids are 32 bits.
 */
export const MAX_FORMER_CLIENTS = 100_000;

/** A room is quiet when it was not edited for this long, in milliseconds. */
export const QUIET_AFTER_MS = 30_000;

/** A quiet room is compacted when its log holds at least this many updates after the compacted one. */
export const COMPACT_QUIET_AFTER_UPDATES = 32;

/** Or one for each so many bytes that will be written again, whichever is more: a large document is not rewritten for a word. */
export const COMPACT_QUIET_BYTES_PER_UPDATE = 4_096;

/**
 * A busy room is compacted when its log holds this many updates after the compacted ones, or one for each so many bytes
 * that will be written again, whichever is more: compaction costs time in proportion to these, so the share of it that
 * each edit bears stays the same. But no more than so many: each takes some hundred bytes of memory.
 */
export const COMPACT_AFTER_UPDATES = 2_000;
export const COMPACT_BYTES_PER_UPDATE = 128;
export const MAX_UPDATES_BEFORE_COMPACTION = 20_000;

/**
 * An update of so many bytes, sent over a WebSocket, is stored without what the room has of it: compaction finds no
 * repetitions between its segments, and a client may send all it has each time.
 */
export const MIN_DEDUPLICATED_BYTES = 256 * 1024;

/**
 * Compaction makes updates of at most about so many bytes, and holds one of them in memory, and what it is made of. One
 * that fits into a cell is read without being put together.
 */
export const MAX_SEGMENT_BYTES = 1_800_000;

/**
 * Or when it holds this many bytes after the compacted update, or as many as that one, whichever is more. Few large
 * updates, such as a value set again and again, must not fill the room with what was overwritten.
 */
export const COMPACT_AFTER_BYTES = 1_000_000;

/**
 * The heaviest document that a room builds, to compact its log or to restore a version, in bytes of the heap by the
 * estimate of `doc-weight.ts`. An object has 128 MB (Cloudflare's Durable Objects documentation, "Limits"), and the
 * room's state in memory and the runtime need theirs.
 */
export const MAX_DOC_WEIGHT_BYTES = 80_000_000;

/** A compaction waits for those who are being sent the content, but no longer than this, in milliseconds. */
export const MAX_COMPACTION_DELAY_MS = 2 * 60_000;

/**
 * What a description of a room reads to tell content from what is deleted, in bytes, once after an edit; beyond that it goes
 * by clocks. A map of 4.7 MB takes 50 to 100 ms, a text of 9 MB 40 (measured, November 2026).
 */
export const MAX_SCANNED_BYTES = 8_000_000;

/** A document that was edited since its last version makes one by itself this long after that one, in milliseconds. */
export const AUTOMATIC_VERSION_INTERVAL_MS = 10 * 60_000;

/** How many versions a document makes and keeps by itself; `thinning.ts` says which go as they age. */
export const MAX_AUTOMATIC_VERSIONS = 500;
