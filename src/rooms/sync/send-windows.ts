import {
  MIN_BULK_WINDOW_BYTES,
  MAX_UNREAD_BULK_BYTES_PER_ROOM,
  MAX_UNREAD_BYTES_PER_SOCKET,
  MAX_CAUGHT_UP_UNREAD_BYTES,
  REPEATED_ANSWERS_BYTES_PER_SECOND,
  SEND_WINDOW_BYTES,
} from '../limits/socket-limits.ts';

/** A client that loads the content may ask for it once more before it has it, and never needs it a third time. */
const MAX_ANSWERS_OF_CONTENT = 2;

/** Step 1s of the room that are remembered until the client answers them. */
const MAX_UNANSWERED = 64;

/** Bytes that were sent to a socket so far. */
interface Sent {
  readonly all: number;
  /** Of these, content and large edits. */
  readonly bulk: number;
}

interface Counts {
  sent: Sent;
  /** What the client has proved to have read. */
  read: Sent;
  /** What was sent before each of the room's step 1s that is not answered yet, and when that was. */
  readonly asked: { readonly sent: Sent; readonly at: number }[];
  /** Bytes that answered step 1s, less those of long ago. */
  answers: number;
  /** When `answers` was brought up to date, Unix milliseconds. */
  answersAt: number;
}

const NOTHING: Sent = { all: 0, bulk: 0 };

const unreadOf = ({ sent, read }: Counts): Sent => ({
  all: sent.all - read.all,
  bulk: sent.bulk - read.bulk,
});

/**
 * How much of what was sent to each socket its client may not have read. It waits in memory, and the platform does not say
 * how much that is. A client proves that it has read by the step 2 that answers the room's own step 1. In memory alone: a
 * room that sleeps has sent nothing for a while.
 */
export class SendWindows<Socket extends WeakKey> {
  readonly #counts = new WeakMap<Socket, Counts>();
  /** The sockets that have unread bulk. */
  readonly #holders = new Set<Socket>();
  /** Unread bulk of all sockets, in bytes. */
  #bulk = 0;

  /** Whether there is as much unread bulk as there may be. */
  get isFull(): boolean {
    return this.#bulk >= MAX_UNREAD_BULK_BYTES_PER_ROOM;
  }

  /**
   * Whether a frame may be sent to a socket now, or once its client or the other clients have read what they were sent.
   * @param isBulk whether it is content or a large edit: there is a limit for all sockets of the room together
   */
  mayTake(socket: Socket, bytes: number, isBulk: boolean): 'now' | 'after reading' | 'after others' {
    const unread = this.unread(socket);
    if (unread > MAX_CAUGHT_UP_UNREAD_BYTES && unread + bytes > SEND_WINDOW_BYTES) return 'after reading';
    if (!isBulk || this.#bulk === 0 || this.#bulk + bytes <= MAX_UNREAD_BULK_BYTES_PER_ROOM) return 'now';
    return unread + bytes <= MIN_BULK_WINDOW_BYTES ? 'now' : 'after others';
  }

  /** A frame was sent. */
  sent(socket: Socket, bytes: number, isBulk: boolean): void {
    const counts = this.#of(socket);
    const { all, bulk } = counts.sent;
    counts.sent = { all: all + bytes, bulk: isBulk ? bulk + bytes : bulk };
    if (!isBulk) return;
    this.#bulk += bytes;
    this.#holders.add(socket);
  }

  /**
   * A frame that was sent answers a step 1.
   * @param now Unix milliseconds, here as everywhere
   */
  answered(socket: Socket, bytes: number, now: number): void {
    const counts = this.#of(socket);
    const forgotten = ((now - counts.answersAt) / 1_000) * REPEATED_ANSWERS_BYTES_PER_SECOND;
    counts.answers = Math.max(0, counts.answers - forgotten) + bytes;
    counts.answersAt = now;
  }

  /** The room has sent its own step 1. */
  asked(socket: Socket, now: number): void {
    const { asked, sent } = this.#of(socket);
    // Of a client that does not answer, the first are enough.
    if (asked.length < MAX_UNANSWERED) asked.push({ sent, at: now });
  }

  /**
   * The client has answered the first of the room's step 1s that were not answered.
   * @returns whether other sockets may be sent more bulk now
   */
  proved(socket: Socket): boolean {
    const counts = this.#counts.get(socket);
    const first = counts?.asked.shift();
    return counts !== undefined && first !== undefined && this.#read(socket, counts, first.sent);
  }

  /**
   * The socket is gone.
   * @returns as `proved`
   */
  forget(socket: Socket): boolean {
    const counts = this.#counts.get(socket);
    this.#counts.delete(socket);
    return counts !== undefined && this.#read(socket, counts, counts.sent);
  }

  /** In bytes. */
  unread(socket: Socket): number {
    const counts = this.#counts.get(socket);
    return counts === undefined ? 0 : unreadOf(counts).all;
  }

  /**
   * Whether the room should send its own step 1, to learn whether the client reads.
   * @param isWaiting whether something is held back until it has
   */
  shouldAsk(socket: Socket, isWaiting = false): boolean {
    const counts = this.#counts.get(socket);
    if (counts === undefined || counts.asked.length > 0) return false;
    const { all, bulk } = unreadOf(counts);
    return isWaiting || bulk > 0 || all > SEND_WINDOW_BYTES / 2;
  }

  /** For how long the client has not answered the room's step 1, in milliseconds; 0 where there is none to answer. */
  stalledFor(socket: Socket, now: number): number {
    const first = this.#counts.get(socket)?.asked[0];
    return first === undefined ? 0 : now - first.at;
  }

  /** The sockets with unread bulk that have not answered the room's step 1 for longer than `ms`. */
  stalled(ms: number, now: number): Socket[] {
    return [...this.#holders].filter((socket) => this.stalledFor(socket, now) > ms);
  }

  /**
   * Whether a client leaves more unread than it may of what cannot be held back, or asks again and again for what it was sent.
   * @param contentBytes what the room stores
   */
  isStuck(socket: Socket, contentBytes: () => number): boolean {
    const counts = this.#counts.get(socket);
    if (counts === undefined) return false;
    const { all, bulk } = unreadOf(counts);
    if (all - bulk > MAX_UNREAD_BYTES_PER_SOCKET) return true;
    const { answers } = counts;
    if (answers <= 2 * MAX_UNREAD_BYTES_PER_SOCKET) return false;
    return answers > MAX_ANSWERS_OF_CONTENT * contentBytes() + 2 * MAX_UNREAD_BYTES_PER_SOCKET;
  }

  /** @returns whether that was bulk */
  #read(socket: Socket, counts: Counts, upTo: Sent): boolean {
    const bulk = upTo.bulk - counts.read.bulk;
    counts.read = upTo;
    this.#bulk -= bulk;
    if (unreadOf(counts).bulk === 0) this.#holders.delete(socket);
    return bulk > 0;
  }

  #of(socket: Socket): Counts {
    const known = this.#counts.get(socket);
    if (known !== undefined) return known;
    const counts: Counts = { sent: NOTHING, read: NOTHING, asked: [], answers: 0, answersAt: 0 };
    this.#counts.set(socket, counts);
    return counts;
  }
}
