/** What one update may have. docs/reference/limits.md lists the limits that a client can meet. */

/** And one update of it: all that a room may hold may come at once, such as the whole of a document that was written offline. */
export const MAX_UPDATE_ENTRIES = 500_000;

/** Runs of inserts in one update: about one a client, and a state vector has no more clients. Each takes 64 bytes of memory. */
export const MAX_UPDATE_RUNS = 200_000;

/** Values in one piece of JSON, such as a format's or an embedded object's: parsed, they take up to 40 bytes each. */
export const MAX_JSON_VALUES = 500_000;

/** Compaction joins strings and values up to so many bytes: beyond that, a head of 20 bytes is nothing beside them. */
export const MAX_JOINED_BYTES = 64 * 1024;
