/** Limits of a room. docs/reference/limits.md lists those that a client can meet. */

/** Limits that operators can set (docs/reference/configuration.md). */
export interface RoomLimits {
  /** One update or frame, in bytes. */
  readonly maxPayloadBytes: number;
  /** Storage of one room, in bytes of `databaseSize`. */
  readonly maxRoomBytes: number;
  /** Open sockets of one room. */
  readonly maxSockets: number;
  /** Frames of one socket per second, on average over `RATE_WINDOW_S`. */
  readonly maxMessagesPerSecond: number;
}

/**
 * The platform's limit for one received WebSocket message and for all arguments of one RPC call, in bytes (Cloudflare,
 * "Workers: WebSockets" and "Workers RPC: limitations"). It closes sockets with longer messages with 1009.
 */
export const MAX_PLATFORM_MESSAGE_BYTES = 32 * 1024 * 1024;

export const DEFAULT_LIMITS: RoomLimits = {
  maxPayloadBytes: MAX_PLATFORM_MESSAGE_BYTES,
  maxRoomBytes: 42_000_000,
  maxSockets: 1_000,
  // A script that types as fast as a room stores sends about 3,000; a person sends 20.
  maxMessagesPerSecond: 5_000,
};

/** A joining client is sent the whole content from memory, of which an object has 128 MB. docs/internals/durability.md has figures. */
export const MAX_ROOM_BYTES = DEFAULT_LIMITS.maxRoomBytes;

/** A full room accepts this many bytes more of updates that only delete, because deletions free space. */
export const MAX_EXTRA_DELETION_BYTES = 2_000_000;

/** Delete ranges that a room accepts beyond `MAX_RANGES_PER_ROOM`. */
export const MAX_EXTRA_DELETE_RANGES = 50_000;

/** A state vector, in bytes: about 150,000 clients. */
export const MAX_STATE_VECTOR_BYTES = 1024 * 1024;

/** Bytes of an HTTP sync body besides its update: a state vector and two length prefixes. */
export const MAX_BODY_OVERHEAD_BYTES = MAX_STATE_VECTOR_BYTES + 16;

/** An HTTP sync body, in bytes. The Worker passes it to the room by RPC, together with ETags and an incarnation. */
export const MAX_BODY_BYTES = MAX_PLATFORM_MESSAGE_BYTES - 64 * 1024;

/** A longer `Yjs-State-Vector` header is omitted. */
export const MAX_STATE_VECTOR_HEADER_BYTES = 8 * 1024;

/**
 * Struct ranges and delete ranges of one room. Each takes up to 80 bytes of memory in the index. A text typed at random
 * places has one for each character until it is compacted.
 */
export const MAX_RANGES_PER_ROOM = 500_000;

/** Results of this size or more are RPC streams, in chunks of `STREAM_CHUNK_BYTES`, and never in memory as a whole. */
export const MIN_STREAM_BYTES = 1024 * 1024;

export const STREAM_CHUNK_BYTES = 256 * 1024;

/** A description of a room waits this long for answers of silent clients. */
export const DESCRIBE_DELAY_MS = 1_000;

/** Connected people in a description of a room. */
export const MAX_LISTED_PEOPLE = 50;

/** A user's name in awareness, in characters. */
export const MAX_PERSON_NAME_CHARACTERS = 80;

/** Versions of one document that users may create. */
export const MAX_USER_VERSIONS = 1_000;

/** A version's label, in bytes of UTF-8. */
export const MAX_LABEL_BYTES = 256;
