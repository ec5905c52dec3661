import { DEFAULT_LIMITS } from './room-limits.ts';

/** Limits of what a room receives from a socket and sends to it. docs/reference/limits.md lists the limits that a client can meet. */

/**
 * How long the upgrades of a client are refused after it sent a message over the platform's limit, in milliseconds, and how
 * many clients are remembered. The platform's close frame arrives up to 12 s later (workerd, November 2026).
 */
export const TOO_LARGE_REMEMBERED_MS = 30_000;
export const MAX_TOO_LARGE_SENDERS = 16;

/** A socket may send the frames of this many seconds at once: a paste, a return after a day offline. */
export const RATE_WINDOW_S = 10;

/**
 * All awareness states of one socket, in bytes of JSON. They are in the socket's attachment, which is limited to 16,384
 * bytes (Cloudflare, Durable Objects, `serializeAttachment`).
 */
export const MAX_AWARENESS_BYTES = 8 * 1024;

/** Awareness clients of one socket. */
export const MAX_AWARENESS_CLIENTS = 64;

/**
 * A room sends an awareness frame to this many sockets, then pauses `AWARENESS_MS_PER_FRAME` for each of them: at most
 * 4,000 awareness frames a second, each of which clients echo.
 */
export const MAX_AWARENESS_SENDS_PER_TURN = 64;
export const AWARENESS_MS_PER_FRAME = 0.25;

/** The interval of renewal frames, in milliseconds for each socket of the room. */
export const RENEWAL_MS_PER_SOCKET = 10;

/**
 * The maximum of that interval. y-protocols renews after 15 to 18 s and removes a client after 30 s without a renewal
 * (`outdatedTimeout`): 8 s are left for the network.
 */
export const MAX_RENEWAL_INTERVAL_MS = 4_000;

/** If at most this many sockets sent the entries of one frame, each of them is sent a frame without its own clients. */
export const MAX_AWARENESS_SENDERS_EXCLUDED = 8;

/** Clients in one awareness message: all of a room, because clients echo the states of others. */
export const MAX_AWARENESS_ENTRIES = DEFAULT_LIMITS.maxSockets * MAX_AWARENESS_CLIENTS;

/**
 * An edit that arrives within this time after the last one was stored joins a batch, which is stored at the end of the event
 * loop turn. A person presses a key every 50 ms at the fastest.
 */
export const EDIT_BATCH_WINDOW_MS = 5;

/** Bytes of one batch of edits. An edit of this size is stored at once. */
export const MAX_BATCH_BYTES = 64 * 1024;

/** Senders of one batch. Each of them is sent the edits of the others. */
export const MAX_BATCH_SENDERS = 8;

/**
 * A client is sent what it lacks in frames of about this size, unless one update is larger. Frames are cached for
 * `FRAME_CACHE_MS` after their last use, so that clients that join at the same time share their memory.
 */
export const TARGET_PART_BYTES = 256 * 1024;
export const FRAME_CACHE_MS = 10_000;

/**
 * A socket that was sent nothing for this long is answered with a keep-alive, in milliseconds. y-websocket reconnects after
 * 30 s without a received message, and renews its awareness every 15 s.
 */
export const KEEP_ALIVE_AFTER_MS = 10_000;

/**
 * Unread bytes of one socket, which are in memory. Content and edits beyond are held back until the client has read, and no
 * awareness is sent meanwhile. A larger frame is sent to a client that has read everything.
 */
export const SEND_WINDOW_BYTES = 2 * 1024 * 1024;

/** A client with at most this many unread bytes has read everything: some awareness and acknowledgements are always under way. */
export const MAX_CAUGHT_UP_UNREAD_BYTES = 64 * 1024;

/** The size from which a frame of content or of an edit is bulk. */
export const MIN_BULK_BYTES = 64 * 1024;

/** An object has 128 MB of memory. A larger frame is sent if no other bulk is unread. */
export const MAX_UNREAD_BULK_BYTES_PER_ROOM = 32 * 1024 * 1024;

/** Beyond `MAX_UNREAD_BULK_BYTES_PER_ROOM`, a socket is still sent bulk up to this many unread bytes, so that each client progresses. */
export const MIN_BULK_WINDOW_BYTES = TARGET_PART_BYTES + 64 * 1024;

/** A socket with more unread bytes of frames that cannot be held back, such as acknowledgements, is closed. */
export const MAX_UNREAD_BYTES_PER_SOCKET = 8 * 1024 * 1024;

/**
 * A client from which content or edits are held back is closed if it does not answer the room's step 1 within this time, in
 * milliseconds; sooner if other clients wait for the memory of its unread bulk.
 */
export const MAX_STALLED_MS = 150_000;
export const MAX_STALLED_WHEN_OTHERS_WAIT_MS = 20_000;
export const STALLED_CHECK_INTERVAL_MS = 1_000;

/** Answers to a client's step 1s are counted in bytes, minus this many each second. Above twice the content and 16 MiB, it is closed. */
export const REPEATED_ANSWERS_BYTES_PER_SECOND = 128 * 1024;

/**
 * A client that sent nothing for this long, in milliseconds, is sent a step 1 when a socket joins or the room is described.
 * y-websocket sends every 15 to 18 s, in a hidden tab every 60 s (Chrome, "intensive throttling").
 */
export const MAX_SILENCE_MS = 150_000;

/** The socket of a silent client is closed if that step 1 is not answered within this time, in milliseconds. */
export const SILENT_SOCKET_TIMEOUT_MS = 10_000;

/** A room with silent sockets may have this many times its limit of sockets and of observers. */
export const SILENT_SOCKETS_FACTOR = 2;

/** The precision of the stored time of a socket's last message, in milliseconds. */
export const LAST_HEARD_PRECISION_MS = 30_000;

/** The room checks expiries at least this often, in milliseconds: an alarm cannot be set for a time many years away. */
export const MAX_EXPIRY_CHECK_INTERVAL_MS = 7 * 24 * 60 * 60_000;
