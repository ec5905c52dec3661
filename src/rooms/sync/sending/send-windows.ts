import {
  MIN_BULK_WINDOW_BYTES,
  MAX_UNREAD_BULK_BYTES_PER_ROOM,
  MAX_UNREAD_BYTES_PER_SOCKET,
  MAX_CAUGHT_UP_UNREAD_BYTES,
  REPEATED_ANSWERS_BYTES_PER_SECOND,
  SEND_WINDOW_BYTES,
} from '../../limits/socket-limits.ts';

/** A client may request the content twice: again if it reconnects before it has read it. */
const MAX_REPLIES_OF_CONTENT = 2;

/** Step 1s of the room that wait for the client's step 2. */
const MAX_PENDING_STEP1S = 64;

/** Bytes sent to a socket so far. */
interface SentBytes {
  readonly all: number;
  /** Those of content and large edits. */
  readonly bulk: number;
}

interface Counts {
  sent: SentBytes;
  /** What the client has provably read. */
  read: SentBytes;
  /** For each pending step 1 of the room: what was sent before it, and when. */
  readonly pending: { readonly sent: SentBytes; readonly at: number }[];
  /** Bytes of recent replies to step 1s; decreases over time. */
  replies: number;
  /** Unix milliseconds of the last update of `replies`. */
  repliesAt: number;
}

const NOTHING: SentBytes = { all: 0, bulk: 0 };

const getUnread = ({ sent, read }: Counts): SentBytes => ({
  all: sent.all - read.all,
  bulk: sent.bulk - read.bulk,
});

/**
 * Counts the bytes that each client may not have read, because the platform does not report how much is buffered. A step 2 that
 * replies to the room's step 1 proves that the client has read everything before. In memory only: a hibernating room has sent
 * nothing for a while.
 */
export class SendWindows<Socket extends WeakKey> {
  readonly #counts = new WeakMap<Socket, Counts>();
  /** Sockets with unread bulk. */
  readonly #bulkSockets = new Set<Socket>();
  /** Unread bulk of all sockets, in bytes. */
  #bulk = 0;

  /** Whether the room has reached its limit of unread bulk. */
  get isFull(): boolean {
    return this.#bulk >= MAX_UNREAD_BULK_BYTES_PER_ROOM;
  }

  /**
   * When a frame may be sent to a socket: now, after its client has read, or after other clients have read.
   * @param isBulk content or a large edit, which has a limit per room
   */
  getSendTime(socket: Socket, bytes: number, isBulk: boolean): 'now' | 'after reading' | 'after others' {
    const unread = this.unread(socket);
    if (unread > MAX_CAUGHT_UP_UNREAD_BYTES && unread + bytes > SEND_WINDOW_BYTES) return 'after reading';
    if (!isBulk || this.#bulk === 0 || this.#bulk + bytes <= MAX_UNREAD_BULK_BYTES_PER_ROOM) return 'now';
    return unread + bytes <= MIN_BULK_WINDOW_BYTES ? 'now' : 'after others';
  }

  recordSent(socket: Socket, bytes: number, isBulk: boolean): void {
    const counts = this.#getCounts(socket);
    const { all, bulk } = counts.sent;
    counts.sent = { all: all + bytes, bulk: isBulk ? bulk + bytes : bulk };
    if (!isBulk) return;
    this.#bulk += bytes;
    this.#bulkSockets.add(socket);
  }

  /**
   * Records a frame of a reply to a step 1.
   * @param now Unix milliseconds, here and below
   */
  recordReply(socket: Socket, bytes: number, now: number): void {
    const counts = this.#getCounts(socket);
    const expired = ((now - counts.repliesAt) / 1_000) * REPEATED_ANSWERS_BYTES_PER_SECOND;
    counts.replies = Math.max(0, counts.replies - expired) + bytes;
    counts.repliesAt = now;
  }

  /** Records that the room sent its step 1. */
  recordStep1(socket: Socket, now: number): void {
    const { pending, sent } = this.#getCounts(socket);
    if (pending.length < MAX_PENDING_STEP1S) pending.push({ sent, at: now });
  }

  /**
   * Records the client's step 2, which replies to the oldest pending step 1.
   * @returns whether other sockets may be sent more bulk now
   */
  recordStep2(socket: Socket): boolean {
    const counts = this.#counts.get(socket);
    const first = counts?.pending.shift();
    return counts !== undefined && first !== undefined && this.#setRead(socket, counts, first.sent);
  }

  /**
   * Removes a closed socket.
   * @returns whether other sockets may be sent more bulk now
   */
  forget(socket: Socket): boolean {
    const counts = this.#counts.get(socket);
    this.#counts.delete(socket);
    return counts !== undefined && this.#setRead(socket, counts, counts.sent);
  }

  /** Unread bytes. */
  unread(socket: Socket): number {
    const counts = this.#counts.get(socket);
    return counts === undefined ? 0 : getUnread(counts).all;
  }

  /**
   * Whether the room should send a step 1, to find out whether the client reads.
   * @param isWaiting whether something is held back until then
   */
  shouldSendStep1(socket: Socket, isWaiting = false): boolean {
    const counts = this.#counts.get(socket);
    if (counts === undefined || counts.pending.length > 0) return false;
    const { all, bulk } = getUnread(counts);
    return isWaiting || bulk > 0 || all > SEND_WINDOW_BYTES / 2;
  }

  /** Age of the oldest pending step 1 in milliseconds; 0 without one. */
  getStalledMs(socket: Socket, now: number): number {
    const first = this.#counts.get(socket)?.pending[0];
    return first === undefined ? 0 : now - first.at;
  }

  /** The sockets with unread bulk whose oldest pending step 1 is older than `ms`. */
  listStalled(ms: number, now: number): Socket[] {
    return [...this.#bulkSockets].filter((socket) => this.getStalledMs(socket, now) > ms);
  }

  /**
   * Whether a client has too many unread bytes of frames that cannot be held back, or requests the same content repeatedly.
   * @param getContentBytes the size of the room
   */
  isStuck(socket: Socket, getContentBytes: () => number): boolean {
    const counts = this.#counts.get(socket);
    if (counts === undefined) return false;
    const { all, bulk } = getUnread(counts);
    if (all - bulk > MAX_UNREAD_BYTES_PER_SOCKET) return true;
    const { replies } = counts;
    if (replies <= 2 * MAX_UNREAD_BYTES_PER_SOCKET) return false;
    return replies > MAX_REPLIES_OF_CONTENT * getContentBytes() + 2 * MAX_UNREAD_BYTES_PER_SOCKET;
  }

  /** @returns whether it was bulk */
  #setRead(socket: Socket, counts: Counts, upTo: SentBytes): boolean {
    const bulk = upTo.bulk - counts.read.bulk;
    counts.read = upTo;
    this.#bulk -= bulk;
    if (getUnread(counts).bulk === 0) this.#bulkSockets.delete(socket);
    return bulk > 0;
  }

  #getCounts(socket: Socket): Counts {
    const known = this.#counts.get(socket);
    if (known !== undefined) return known;
    const counts: Counts = { sent: NOTHING, read: NOTHING, pending: [], replies: 0, repliesAt: 0 };
    this.#counts.set(socket, counts);
    return counts;
  }
}
