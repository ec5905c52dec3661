/** What a room refuses, and when it acts by itself. docs/protocol.md lists what a client can meet of these. */

/** What operators may set (docs/operations.md). */
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

/**
 * For how long the upgrades of a client are refused that sent a longer message, in milliseconds, and how many clients are
 * remembered. The client has the platform's close frame up to 12 s later (workerd, November 2026).
 */
export const TOO_LARGE_REMEMBERED_MS = 30_000;
export const MAX_TOO_LARGE_SENDERS = 16;

export const DEFAULT_LIMITS: RoomLimits = {
  maxPayloadBytes: MAX_PLATFORM_MESSAGE_BYTES,
  maxRoomBytes: 42_000_000,
  maxSockets: 1_000,
  // A script that types as fast as a room stores makes some 3,000; a person makes 20.
  maxMessagesPerSecond: 5_000,
};

/**
 * Who joins is sent all that a room has, and until he has taken it, it waits in memory, once for all who join at the same
 * time (`join-frames.ts`); an object has 128 MB (Cloudflare's Durable Objects documentation, "Limits"). docs/durability.md
 * has the figures.
 */
export const MOST_ROOM_BYTES = DEFAULT_LIMITS.maxRoomBytes;

/** So much more a room takes where it is deletions alone, in bytes: they are how space is made. */
export const DELETIONS_BEYOND_FULL_BYTES = 2_000_000;

/** Ranges of deletions that a room takes beyond `MAX_INDEX_ENTRIES`. */
export const DELETIONS_BEYOND_FULL_ENTRIES = 50_000;

/** What the estimate of a compaction's gain may be wrong by, in bytes: SQLite takes and frees whole pages. */
export const COMPACTION_GAIN_SLACK_BYTES = 32_768;

/** A room notes for its owner that it refused an edit no more often than this, in milliseconds. */
export const REFUSAL_NOTED_EACH_MS = 60_000;

/** A socket may send this many seconds' worth of frames at once: a paste, a return after a day offline. */
export const RATE_WINDOW_S = 10;

/** A state vector, in bytes: about 150,000 clients. */
export const MAX_STATE_VECTOR_BYTES = 1024 * 1024;

/** What an HTTP sync body may hold beside its update: a state vector and two length prefixes, in bytes. */
export const BODY_OVERHEAD_BYTES = MAX_STATE_VECTOR_BYTES + 16;

/** An HTTP sync body, in bytes: the Worker hands it to the room by RPC, beside entity tags and an incarnation. */
export const MAX_BODY_BYTES = MAX_PLATFORM_MESSAGE_BYTES - 64 * 1024;

/** A `Yjs-State-Vector` header is left out when it would be longer than this, in bytes. */
export const MAX_STATE_VECTOR_HEADER_BYTES = 8 * 1024;

/**
 * The awareness states one socket speaks for, in bytes of JSON. They live in the socket's attachment, whose limit is
 * 16,384 bytes (Cloudflare's Durable Objects documentation, `serializeAttachment`).
 */
export const MAX_AWARENESS_BYTES = 8 * 1024;

/** How many awareness clients one socket may speak for. */
export const MAX_AWARENESS_CLIENTS = 64;

/**
 * What the index of a room's content may have, in runs of inserts and ranges of deletions: each takes up to 80 bytes of
 * memory, and a single update of 16 MB could have 4 million. A text of 200,000 characters typed at random places has one
 * for each until it is compacted, and then one.
 */
export const MAX_INDEX_ENTRIES = 500_000;

/** And one update of it: all that a room may hold may come at once, such as the whole of a document that was written offline. */
export const MAX_UPDATE_ENTRIES = 500_000;

/** Runs of inserts in one update: about one a client, and a state vector has no more clients. Each takes 64 bytes of memory. */
export const MAX_UPDATE_RUNS = 200_000;

/** Values in one piece of JSON, such as a format's or an embedded object's: parsed, they take up to 40 bytes each. */
export const MAX_JSON_VALUES = 500_000;

/**
 * A room sends an awareness frame to so many sockets at a time, and pauses so many milliseconds for each of them: it sends at
 * most 4,000 awareness frames a second, and each comes back as an echo.
 */
export const MAX_AWARENESS_SENDS_PER_TURN = 64;
export const AWARENESS_MS_PER_FRAME = 0.25;

/** Between two frames of renewals pass so many milliseconds for each socket of the room. */
export const RENEWAL_MS_PER_SOCKET = 10;

/**
 * No renewal waits for longer, in milliseconds. y-protocols renews after 15 to 18 s and drops a client after 30 s without
 * a renewal (`outdatedTimeout`): 8 s are left for the network.
 */
export const MAX_RENEWAL_INTERVAL_MS = 4_000;

/** The senders of so many entries in one frame are each sent a frame of its own, without its own clients. */
export const MAX_AWARENESS_SENDERS_APART = 8;

/**
 * How many clients one awareness message may be about: everyone in a room, since clients send back whom they hear of.
 */
export const MAX_AWARENESS_ENTRIES = DEFAULT_LIMITS.maxSockets * MAX_AWARENESS_CLIENTS;

/**
 * A value in SQLite, in bytes. Cloudflare's documented limit is 2 MB for a value and for a whole row (Durable Objects,
 * "Limits"), whose other columns need some too.
 */
export const MAX_CELL_BYTES = 1_900_000;

/**
 * Rows of the log that are kept in memory once they were written or read, in bytes: what several clients ask for at
 * once is read once. Edits up to so many bytes count as rows that will be read soon.
 */
export const MAX_REMEMBERED_BYTES = 8 * 1024 * 1024;
export const MAX_REMEMBERED_EDIT_BYTES = 64 * 1024;

/** Updates of the log are read together up to so many bytes; a larger one is read alone. */
export const READ_ROWS_BYTES = 512 * 1024;

/** Rows that a damaged log is asked for in one query. */
export const ROWS_PER_QUERY = 1_024;

/** What a byte array takes in memory beside its bytes. */
export const OBJECT_BYTES = 200;

/**
 * An edit that comes within so many milliseconds after others were stored waits until the event loop has dealt with what
 * arrived meanwhile, and is stored with that. A person presses a key each 50 ms at the fastest.
 */
export const GROUP_EDITS_WITHIN_MS = 5;

/** Edits of so many bytes wait for each other at most; one as large as that never waits. */
export const MAX_GROUP_BYTES = 64 * 1024;

/** Edits over so many sockets wait for each other at most: each of these is sent what the others made, without its own. */
export const MAX_GROUP_MAKERS = 8;

/** A resource's name, in bytes of UTF-8. */
export const MAX_RESOURCE_NAME_BYTES = 256;

/** A Durable Object's name, in bytes (Cloudflare's documented limit for `ctx.id.name`). */
export const MAX_DO_NAME_BYTES = 1_024;

/**
 * Yjs clients of a room's earlier incarnations that it remembers: at most 5 bytes each, in one value. By chance, a new
 * client is taken for one of so many once in 43,000 times: ids are 32 bits.
 */
export const MAX_FORMER_CLIENTS = 100_000;

/** A result of this many bytes or more crosses RPC as a stream, in chunks of this many: it is never in memory as a whole. */
export const STREAM_FROM_BYTES = 1024 * 1024;

export const STREAM_CHUNK_BYTES = 256 * 1024;

/**
 * A room that was edited reports itself this long after, in milliseconds; nor does a Worker report a call sooner after
 * the last report. Three rows written in D1 and one alarm for each such interval is what a busy room costs.
 */
export const REPORT_AFTER_MS = 45_000;

/**
 * So much longer it waits where it will have been quiet by then, in milliseconds, and tells with one report what its compaction
 * has made of it. Both together are less than the minute within which a row is right.
 */
export const REPORT_WAITS_MS = 10_000;

/** A room whose last socket closed, and that waits for no compaction, reports itself this long after, in milliseconds. */
export const REPORT_AFTER_CLOSE_MS = 1_000;

/** A room that its owner has compacted reports its new size this long after, in milliseconds. */
export const REPORT_AFTER_COMPACTION_MS = 1_000;

/** A report that failed is tried again after this, doubling up to the maximum, in milliseconds. */
export const REPORT_RETRY_MS = 5_000;
export const REPORT_RETRY_MAX_MS = 60_000;

/**
 * A Worker that has answered waits so long for the registry to take its report, in milliseconds, and then leaves it to the
 * room: it has 30 s after its response (Cloudflare, "Workers: Context", `waitUntil`), and must not be cut before it does.
 */
export const RECORD_WITHIN_MS = 15_000;

/**
 * A room waits so long for its own report, in milliseconds, before it counts as failed; D1 gives a statement 30 s. Once D1
 * is back, a report lands within this and `REPORT_RETRY_MAX_MS`.
 */
export const REPORT_WITHIN_MS = 30_000;

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
export const COMPACT_AT_MOST_AFTER_UPDATES = 20_000;

/**
 * What a client lacks is sent in frames of not much more than so many bytes, unless a single update was larger. They are
 * kept in memory until nobody has asked for so long, in milliseconds: who joins at the same time is sent the same bytes,
 * which then wait in memory once, and not once for each.
 */
export const PART_BYTES = 256 * 1024;
export const KEEP_FRAMES_MS = 10_000;

/**
 * An update of so many bytes, sent over a WebSocket, is stored without what the room has of it: compaction finds no
 * repetitions between its segments, and a client may send all it has each time.
 */
export const LOOK_FOR_KNOWN_FROM_BYTES = 256 * 1024;

/**
 * Compaction makes updates of at most about so many bytes, and holds one of them in memory, and what it is made of. One
 * that fits into a cell is read without being put together.
 */
export const SEGMENT_BYTES = 1_800_000;

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
export const COMPACTION_WAITS_MS = 2 * 60_000;

/** Compaction joins strings and values up to so many bytes: beyond that, a head of 20 bytes is nothing beside them. */
export const MAX_JOINED_BYTES = 64 * 1024;

/**
 * A socket that was sent nothing for this long gets a keep-alive for its next frame, in milliseconds. y-websocket gives
 * a connection up after 30 s without a received message, and renews its awareness each 15 s.
 */
export const KEEP_ALIVE_AFTER_MS = 10_000;

/**
 * What was sent to a socket waits in memory until its client has read it. Content and edits beyond this number of unread bytes are
 * held back until the client has read; a larger frame is sent to a client that has read everything. No awareness is sent meanwhile.
 */
export const SEND_WINDOW_BYTES = 2 * 1024 * 1024;

/**
 * A client counts as one that has read everything up to this number of unread bytes: a room always sends some awareness and
 * acknowledgements, and a frame larger than the window must not wait for a moment without any.
 */
export const NEARLY_READ_BYTES = 64 * 1024;

/** A frame of content or of an edit with this many bytes counts as bulk. */
export const BULK_FROM_BYTES = 64 * 1024;

/** Unread bulk of all sockets of a room, in bytes; an object has 128 MB. A larger frame is sent when there is no other. */
export const MAX_BULK_BYTES = 32 * 1024 * 1024;

/** Beyond `MAX_BULK_BYTES`, a socket is sent bulk up to this number of its unread bytes, so that each client gets on. */
export const ALWAYS_SENT_BYTES = PART_BYTES + 64 * 1024;

/** A socket is closed when it leaves this many bytes unread of what cannot be held back, such as acknowledgements. */
export const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/**
 * A client that does not answer the room's step 1 for this long, in milliseconds, while content or edits are held back from it, is
 * closed. If others wait for the memory that its unread bulk takes, it is closed sooner.
 */
export const MAX_STALLED_MS = 150_000;
export const MAX_STALLED_WHEN_OTHERS_WAIT_MS = 20_000;
export const LOOK_FOR_STALLED_EACH_MS = 1_000;

/** Bytes of answers to step 1s that are forgotten each second. Above twice the content and 16 MiB, the client is closed. */
export const REPEATED_ANSWERS_BYTES_PER_SECOND = 128 * 1024;

/**
 * A client that has sent nothing for so long is asked whether it is there when a socket joins or the room is described, in
 * milliseconds. y-websocket sends each 15 to 18 s, and each 60 s from a hidden tab, whose timers browsers slow down to one a
 * minute (Chrome, "intensive throttling").
 */
export const MAX_SILENCE_MS = 150_000;

/** The socket of a silent client is closed if it does not answer the room's step 1 within this, in milliseconds. */
export const ANSWER_WITHIN_MS = 10_000;
/** For how long a description waits for answers of silent clients. */
export const DESCRIBE_AFTER_ASKING_MS = 1_000;
/** With its silent sockets, a room has at most so many times its limit of sockets, and of observers. */
export const SILENT_SOCKETS_FACTOR = 2;

/** When a socket sent something last is stored in its attachment to this precision, in milliseconds. */
export const STORE_HEARD_EACH_MS = 30_000;

/** A credential may end in a year too far away for an alarm; the room looks again after this, in milliseconds. */
export const WATCH_EXPIRY_AT_LEAST_EACH_MS = 7 * 24 * 60 * 60_000;

/** How many of those who are connected a description of a room tells of. */
export const MAX_PEOPLE_TOLD = 50;

/** Of a name that a client gives itself by awareness, in characters. */
export const MAX_PERSON_NAME_CHARACTERS = 80;

/**
 * What a description of a room reads to tell content from what is deleted, in bytes, once after an edit; beyond that it goes
 * by clocks. A map of 4.7 MB takes 50 to 100 ms, a text of 9 MB 40 (measured, November 2026).
 */
export const MAX_WALKED_BYTES = 8_000_000;

/** A document that was edited since its last version makes one by itself this long after that one, in milliseconds. */
export const AUTOMATIC_SNAPSHOT_EACH_MS = 10 * 60_000;

/** How many versions a document makes and keeps by itself; `thinning.ts` says which go as they age. */
export const MAX_AUTOMATIC_SNAPSHOTS = 500;

/** How many versions people may make of one document. */
export const MAX_KEPT_SNAPSHOTS = 1_000;

/** A version's label, in bytes of UTF-8. */
export const MAX_LABEL_BYTES = 256;
