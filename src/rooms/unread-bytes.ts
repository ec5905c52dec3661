import {
  MAX_SILENCE_UNREAD_MS,
  MAX_UNREAD_BYTES,
  MAX_UNREAD_EDIT_BYTES,
  READ_BYTES_PER_SECOND,
} from './limits.ts';

/** A client that loads the content may ask for it once more before it has it, and never needs it a third time. */
const MAX_ANSWERS_OF_CONTENT = 2;

/** Step 1s of the room that are remembered until the client answers them. */
const MAX_UNANSWERED = 64;

interface Counts {
  /** All bytes that were sent. */
  sent: number;
  /** Up to where the client has read, as far as the room can know. */
  read: number;
  /** What `sent` was at each of the room's own step 1s that is not answered yet. */
  readonly asked: number[];
  /** Of what is unread, the bytes that answer a step 1. */
  unreadAnswers: number;
  /** Bytes that answered step 1s, less those of long ago. */
  answers: number;
  /** When the client sent something last, Unix milliseconds. */
  heardAt: number;
}

/**
 * How much of what was sent to each socket its client may not have read. It waits in memory, and the platform does not say
 * how much that is. A client shows that it has read by the step 2 that answers the room's own step 1. One that sends
 * anything is alive, and is taken to have read at a low rate since it sent something last. In memory alone: a room that
 * sleeps has sent nothing for a while.
 */
export class UnreadBytes<Socket extends WeakKey> {
  readonly #counts = new WeakMap<Socket, Counts>();

  /**
   * @param isAnswer whether it answers a step 1
   * @param now Unix milliseconds, here as everywhere
   */
  sent(socket: Socket, bytes: number, isAnswer: boolean, now: number): void {
    const counts = this.#of(socket, now);
    counts.sent += bytes;
    if (!isAnswer) return;
    counts.unreadAnswers += bytes;
    counts.answers += bytes;
  }

  /** The room has sent its own step 1. */
  asked(socket: Socket, now: number): void {
    const { asked, sent } = this.#of(socket, now);
    // Of a client that does not answer, the first are enough.
    if (asked.length < MAX_UNANSWERED) asked.push(sent);
  }

  /** The client has answered the first of the room's step 1s that were not answered. */
  answered(socket: Socket): void {
    const counts = this.#counts.get(socket);
    const upTo = counts?.asked.shift();
    if (counts !== undefined && upTo !== undefined) advance(counts, upTo);
  }

  /** The client has sent something, or a ping of its was answered. */
  heard(socket: Socket, at: number): void {
    const counts = this.#counts.get(socket);
    if (counts === undefined || at <= counts.heardAt) return;
    const bytes = ((at - counts.heardAt) / 1_000) * READ_BYTES_PER_SECOND;
    counts.heardAt = at;
    counts.answers = Math.max(0, counts.answers - bytes);
    advance(counts, counts.read + bytes);
  }

  /** Whether the client must read before it is sent another answer, or awareness. */
  isOverBudget(socket: Socket): boolean {
    return this.#unread(socket) > MAX_UNREAD_BYTES;
  }

  /** Whether the room should send its own step 1, to learn whether the client reads. */
  shouldAsk(socket: Socket): boolean {
    return this.#counts.get(socket)?.asked.length === 0 && this.#unread(socket) > MAX_UNREAD_BYTES / 2;
  }

  /** Whether a client leaves too much unread, or asks again and again for what it was sent. */
  isStuck(socket: Socket, contentBytes: () => number, now: number): boolean {
    const counts = this.#counts.get(socket);
    if (counts === undefined || counts.sent <= MAX_UNREAD_BYTES) return false;
    if (
      counts.answers > 2 * MAX_UNREAD_BYTES &&
      counts.answers > MAX_ANSWERS_OF_CONTENT * contentBytes() + 2 * MAX_UNREAD_BYTES
    ) {
      return true;
    }
    const unreadEdits = this.#unread(socket) - counts.unreadAnswers;
    const isSilent = now - counts.heardAt > MAX_SILENCE_UNREAD_MS;
    return unreadEdits > (isSilent ? MAX_UNREAD_BYTES : MAX_UNREAD_EDIT_BYTES);
  }

  #unread(socket: Socket): number {
    const counts = this.#counts.get(socket);
    return counts === undefined ? 0 : counts.sent - counts.read;
  }

  #of(socket: Socket, now: number): Counts {
    const known = this.#counts.get(socket);
    if (known !== undefined) return known;
    const counts = { sent: 0, read: 0, asked: [], unreadAnswers: 0, answers: 0, heardAt: now };
    this.#counts.set(socket, counts);
    return counts;
  }
}

function advance(counts: Counts, upTo: number): void {
  const read = Math.min(counts.sent, Math.max(counts.read, upTo));
  counts.unreadAnswers = Math.max(0, counts.unreadAnswers - (read - counts.read));
  counts.read = read;
}
