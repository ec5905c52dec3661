/** When a room reports itself to the registry. */

/**
 * A room that was edited reports itself this long after, in milliseconds; nor does a Worker report a call sooner after
 * the last report. Three rows written in D1 and one alarm for each such interval is what a busy room costs.
 */
export const REPORT_INTERVAL_MS = 45_000;

/**
 * So much longer it waits where it will have been quiet by then, in milliseconds, and tells with one report what its compaction
 * has made of it. Both together are less than the minute within which a row is right.
 */
export const MAX_REPORT_DELAY_MS = 10_000;

/** A room whose last socket closed, and that waits for no compaction, reports itself this long after, in milliseconds. */
export const REPORT_DELAY_AFTER_CLOSE_MS = 1_000;

/** A room that its owner has compacted reports its new size this long after, in milliseconds. */
export const REPORT_DELAY_AFTER_COMPACTION_MS = 1_000;

/** A report that failed is tried again after this, doubling up to the maximum, in milliseconds. */
export const MIN_REPORT_RETRY_DELAY_MS = 5_000;
export const MAX_REPORT_RETRY_DELAY_MS = 60_000;

/**
 * A Worker that has answered waits so long for the registry to take its report, in milliseconds, and then leaves it to the
 * room: it has 30 s after its response (Cloudflare, "Workers: Context", `waitUntil`), and must not be cut before it does.
 */
export const RECORD_TIMEOUT_MS = 15_000;

/**
 * A room waits so long for its own report, in milliseconds, before it counts as failed; D1 gives a statement 30 s. Once D1
 * is back, a report lands within this and `MAX_REPORT_RETRY_DELAY_MS`.
 */
export const REPORT_TIMEOUT_MS = 30_000;
