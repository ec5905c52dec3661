/** Maximum difference between the clocks of two machines whose times are compared. */
export const MAX_CLOCK_DIFFERENCE_MS = 60_000;

/** An access within this time after the recorded one is not written, so `last_accessed_at` can be this old. */
export const ACCESS_INTERVAL_MS = 60_000;

/** An unchanged size within this time after the recorded one is not written, so `storage_measured_at` can be this old. */
export const MEASUREMENT_INTERVAL_MS = 60_000;
