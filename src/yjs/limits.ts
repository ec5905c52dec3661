/** Limits of one update. docs/reference/limits.md lists the limits that a client can meet. */

/** Struct ranges and delete ranges of one update. As many as a room may have: a document written offline comes at once. */
export const MAX_RANGES_PER_UPDATE = 500_000;

/** Struct ranges of one update: about one for each client. Each takes 64 bytes of memory. */
export const MAX_STRUCT_RANGES_PER_UPDATE = 200_000;

/** Values in one JSON text, such as a format's or an embed's. Parsed, each takes up to 40 bytes of memory. */
export const MAX_VALUES_PER_JSON = 500_000;

/** Compaction joins structs up to this content size, in bytes. Beyond it, a struct's header of 20 bytes does not matter. */
export const MAX_JOINED_STRUCT_BYTES = 64 * 1024;
