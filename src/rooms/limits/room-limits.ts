/** What a room refuses, and when it acts by itself. docs/reference/limits.md lists what a client can meet of these. */

/** What operators may set (docs/reference/configuration.md). */
export interface RoomLimits {
  /** One update or frame, in bytes. */
  readonly maxPayloadBytes: number;
  /** What one room may store, in bytes of `databaseSize`. */
  readonly maxRoomBytes: number;
  /** Sockets of one room at a time. */
  readonly maxSockets: number;
  /** Frames of one socket in a second, on average over `RATE_WINDOW_S`. */
  readonly maxMessagesPerSecond: number;
}

/**
 * What the platform accepts of one received WebSocket message, and of all arguments of one RPC call together, in bytes
 * (Cloudflare, "Workers: WebSockets" and "Workers RPC: limitations"). A longer message it closes with 1009 by itself.
 */
export const MAX_PLATFORM_MESSAGE_BYTES = 32 * 1024 * 1024;

export const DEFAULT_LIMITS: RoomLimits = {
  maxPayloadBytes: MAX_PLATFORM_MESSAGE_BYTES,
  maxRoomBytes: 42_000_000,
  maxSockets: 1_000,
  // A script that types as fast as a room stores makes some 3,000; a person makes 20.
  maxMessagesPerSecond: 5_000,
};

/**
 * Who joins is sent all that a room has, and until he has taken it, it waits in memory, once for all who join at the same
 * time (`join-frames.ts`); an object has 128 MB (Cloudflare's Durable Objects documentation, "Limits"). docs/internals/durability.md
 * has the figures.
 */
export const MAX_ROOM_BYTES = DEFAULT_LIMITS.maxRoomBytes;

/** So much more a room takes where it is deletions alone, in bytes: they are how space is made. */
export const MAX_EXTRA_DELETION_BYTES = 2_000_000;

/** Ranges of deletions that a room takes beyond `MAX_RANGES_PER_ROOM`. */
export const MAX_EXTRA_DELETE_RANGES = 50_000;

/** A state vector, in bytes: about 150,000 clients. */
export const MAX_STATE_VECTOR_BYTES = 1024 * 1024;

/** What an HTTP sync body may hold beside its update: a state vector and two length prefixes, in bytes. */
export const MAX_BODY_OVERHEAD_BYTES = MAX_STATE_VECTOR_BYTES + 16;

/** An HTTP sync body, in bytes: the Worker hands it to the room by RPC, beside entity tags and an incarnation. */
export const MAX_BODY_BYTES = MAX_PLATFORM_MESSAGE_BYTES - 64 * 1024;

/** A `Yjs-State-Vector` header is left out when it would be longer than this, in bytes. */
export const MAX_STATE_VECTOR_HEADER_BYTES = 8 * 1024;

/**
 * What the index of a room's content may have, in runs of inserts and ranges of deletions: each takes up to 80 bytes of
 * memory, and a single update of 16 MB could have 4 million. A text of 200,000 characters typed at random places has one
 * for each until it is compacted, and then one.
 */
export const MAX_RANGES_PER_ROOM = 500_000;

/** A result of this many bytes or more crosses RPC as a stream, in chunks of this many: it is never in memory as a whole. */
export const MIN_STREAM_BYTES = 1024 * 1024;

export const STREAM_CHUNK_BYTES = 256 * 1024;

/** For how long a description waits for answers of silent clients. */
export const DESCRIBE_DELAY_MS = 1_000;

/** How many of those who are connected a description of a room tells of. */
export const MAX_LISTED_PEOPLE = 50;

/** Of a name that a client gives itself by awareness, in characters. */
export const MAX_PERSON_NAME_CHARACTERS = 80;

/** How many versions people may make of one document. */
export const MAX_USER_VERSIONS = 1_000;

/** A version's label, in bytes of UTF-8. */
export const MAX_LABEL_BYTES = 256;
