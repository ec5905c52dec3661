/** When a room reports to the registry, in milliseconds. */

/**
 * From an edit to the room's report, and the minimum between two calls that Workers record. A busy room costs three rows
 * written in D1 and one alarm per interval.
 */
export const REPORT_INTERVAL_MS = 45_000;

/**
 * A report is delayed by up to this time if the room is compacted by then, so that one report covers both. Together with
 * `REPORT_INTERVAL_MS` it is less than the minute within which rows are correct.
 */
export const MAX_REPORT_DELAY_MS = 10_000;

/** From the close of the last socket to the report, unless the room waits for its compaction. */
export const REPORT_DELAY_AFTER_CLOSE_MS = 1_000;

/** From a compaction that the owner requested to the report. */
export const REPORT_DELAY_AFTER_COMPACTION_MS = 1_000;

/** The delay before a failed report is retried. It doubles up to the maximum. */
export const MIN_REPORT_RETRY_DELAY_MS = 5_000;
export const MAX_REPORT_RETRY_DELAY_MS = 60_000;

/**
 * A Worker waits this long for the registry, then leaves the report to the room. It has 30 s after its response (Cloudflare,
 * "Workers: Context", `waitUntil`).
 */
export const RECORD_TIMEOUT_MS = 15_000;

/**
 * After this time a report of the room has failed; D1 limits a statement to 30 s. When D1 is available again, a report
 * succeeds within this time plus `MAX_REPORT_RETRY_DELAY_MS`.
 */
export const REPORT_TIMEOUT_MS = 30_000;
