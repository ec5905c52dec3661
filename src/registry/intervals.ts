/** By how much the clocks of two machines may differ that wrote times which are compared. */
export const CLOCKS_DIFFER_BY_MS = 60_000;

/** A use this soon after the recorded one is not written: `last_accessed_at` is behind by less than this. */
export const ACCESS_INTERVAL_MS = 60_000;

/** An unchanged size measured this soon after the recorded one is not written: `storage_measured_at` likewise. */
export const MEASUREMENT_INTERVAL_MS = 60_000;
