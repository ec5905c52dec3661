import { DEFAULT_LIMITS } from './room-limits.ts';

/** What a room takes from a socket, and how much it sends. docs/reference/limits.md lists the limits that a client can meet. */

/**
 * For how long the upgrades of a client are refused that sent a longer message, in milliseconds, and how many clients are
 * remembered. The client has the platform's close frame up to 12 s later (workerd, November 2026).
 */
export const TOO_LARGE_REMEMBERED_MS = 30_000;
export const MAX_TOO_LARGE_SENDERS = 16;

/** A socket may send this many seconds' worth of frames at once: a paste, a return after a day offline. */
export const RATE_WINDOW_S = 10;

/**
 * The awareness states one socket speaks for, in bytes of JSON. They live in the socket's attachment, whose limit is
 * 16,384 bytes (Cloudflare's Durable Objects documentation, `serializeAttachment`).
 */
export const MAX_AWARENESS_BYTES = 8 * 1024;

/** How many awareness clients one socket may speak for. */
export const MAX_AWARENESS_CLIENTS = 64;

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
export const MAX_AWARENESS_SENDERS_EXCLUDED = 8;

/**
 * How many clients one awareness message may be about: everyone in a room, since clients send back whom they hear of.
 */
export const MAX_AWARENESS_ENTRIES = DEFAULT_LIMITS.maxSockets * MAX_AWARENESS_CLIENTS;

/**
 * An edit that comes within so many milliseconds after others were stored waits until the event loop has dealt with what
 * arrived meanwhile, and is stored with that. A person presses a key each 50 ms at the fastest.
 */
export const EDIT_BATCH_WINDOW_MS = 5;

/** Edits of so many bytes wait for each other at most; one as large as that never waits. */
export const MAX_BATCH_BYTES = 64 * 1024;

/** Edits over so many sockets wait for each other at most: each of these is sent what the others made, without its own. */
export const MAX_BATCH_SENDERS = 8;

/**
 * What a client lacks is sent in frames of not much more than so many bytes, unless a single update was larger. They are
 * kept in memory until nobody has asked for so long, in milliseconds: who joins at the same time is sent the same bytes,
 * which then wait in memory once, and not once for each.
 */
export const TARGET_PART_BYTES = 256 * 1024;
export const FRAME_CACHE_MS = 10_000;

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
export const MAX_CAUGHT_UP_UNREAD_BYTES = 64 * 1024;

/** A frame of content or of an edit with this many bytes counts as bulk. */
export const MIN_BULK_BYTES = 64 * 1024;

/** Unread bulk of all sockets of a room, in bytes; an object has 128 MB. A larger frame is sent when there is no other. */
export const MAX_UNREAD_BULK_BYTES_PER_ROOM = 32 * 1024 * 1024;

/** Beyond `MAX_UNREAD_BULK_BYTES_PER_ROOM`, a socket is sent bulk up to this number of its unread bytes, so that each client gets on. */
export const MIN_BULK_WINDOW_BYTES = TARGET_PART_BYTES + 64 * 1024;

/** A socket is closed when it leaves this many bytes unread of what cannot be held back, such as acknowledgements. */
export const MAX_UNREAD_BYTES_PER_SOCKET = 8 * 1024 * 1024;

/**
 * A client that does not answer the room's step 1 for this long, in milliseconds, while content or edits are held back from it, is
 * closed. If others wait for the memory that its unread bulk takes, it is closed sooner.
 */
export const MAX_STALLED_MS = 150_000;
export const MAX_STALLED_WHEN_OTHERS_WAIT_MS = 20_000;
export const STALLED_CHECK_INTERVAL_MS = 1_000;

/** Bytes of answers to step 1s that are forgotten each second. Above twice the content and 16 MiB, the client is closed. */
export const REPEATED_ANSWERS_BYTES_PER_SECOND = 128 * 1024;

/**
 * A client that has sent nothing for so long is asked whether it is there when a socket joins or the room is described, in
 * milliseconds. y-websocket sends each 15 to 18 s, and each 60 s from a hidden tab, whose timers browsers slow down to one a
 * minute (Chrome, "intensive throttling").
 */
export const MAX_SILENCE_MS = 150_000;

/** The socket of a silent client is closed if it does not answer the room's step 1 within this, in milliseconds. */
export const SILENT_SOCKET_TIMEOUT_MS = 10_000;

/** With its silent sockets, a room has at most so many times its limit of sockets, and of observers. */
export const SILENT_SOCKETS_FACTOR = 2;

/** When a socket sent something last is stored in its attachment to this precision, in milliseconds. */
export const LAST_HEARD_PRECISION_MS = 30_000;

/** A credential may end in a year too far away for an alarm; the room looks again after this, in milliseconds. */
export const MAX_EXPIRY_CHECK_INTERVAL_MS = 7 * 24 * 60 * 60_000;
