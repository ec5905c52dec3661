import { KEEP_ALIVE_AFTER_MS } from './limits.ts';
import { writeAwareness } from './protocol.ts';
import { UnreadBytes } from './unread-bytes.ts';

interface Parts {
  /** When a ping of a client's was answered last, Unix milliseconds; `null`: never. */
  readonly pingedAt: (socket: WebSocket) => number | null;
  /** What the room stores. */
  readonly contentBytes: () => number;
  /** Closes a socket whose client does not read. */
  readonly onStuck: (socket: WebSocket) => void;
}

const KEEP_ALIVE = writeAwareness([]);

/** Sends frames to sockets, within a budget of bytes that their clients have not read. */
export class Outbox {
  readonly #parts: Parts;
  readonly #unread = new UnreadBytes<WebSocket>();
  readonly #lastSentAt = new WeakMap<WebSocket, number>();
  /** The newest state vector of each socket whose step 1 waits until its client has read. */
  readonly #waitingStep1 = new WeakMap<WebSocket, Uint8Array>();
  /** Sockets that were not sent some awareness. */
  readonly #lacksAwareness = new WeakSet<WebSocket>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  send(socket: WebSocket, frame: Uint8Array, isAnswer = false): void {
    const now = Date.now();
    this.#lastSentAt.set(socket, now);
    this.#unread.sent(socket, frame.byteLength, isAnswer, now);
    try {
      socket.send(frame);
    } catch (error) {
      // A socket that went away a moment ago; its close event follows and takes it out.
      console.debug({ event: 'send to a closing socket', error: String(error) });
    }
    if (!this.#unread.isStuck(socket, this.#parts.contentBytes, now)) return;
    this.#unread.heard(socket, this.#parts.pingedAt(socket) ?? 0);
    if (this.#unread.isStuck(socket, this.#parts.contentBytes, now)) this.#parts.onStuck(socket);
  }

  /** Sends awareness, unless the client must read first. */
  sendAwareness(socket: WebSocket, write: () => Uint8Array): void {
    if (this.#unread.isOverBudget(socket)) this.#lacksAwareness.add(socket);
    else this.send(socket, write());
  }

  /** Sends the room's own step 1. */
  ask(socket: WebSocket, step1: Uint8Array): void {
    this.send(socket, step1);
    this.#unread.asked(socket, Date.now());
  }

  /** Whether the room should send its own step 1, to learn whether the client reads. */
  shouldAsk(socket: WebSocket): boolean {
    return this.#unread.shouldAsk(socket);
  }

  /** The client has sent something. */
  heard(socket: WebSocket, now: number): void {
    this.#unread.heard(socket, now);
  }

  /** The client has answered the room's step 1. */
  answered(socket: WebSocket): void {
    this.#unread.answered(socket);
  }

  /**
   * Whether a step 1 may be answered at once. If not, it waits in place of an earlier one.
   * @param stateVector of the client
   */
  mayAnswer(socket: WebSocket, stateVector: Uint8Array): boolean {
    if (!this.#unread.isOverBudget(socket)) return true;
    this.#waitingStep1.set(socket, stateVector.slice());
    return false;
  }

  /** The state vector of the step 1 that waits, where it can be answered now. */
  takeStep1(socket: WebSocket): Uint8Array | null {
    const stateVector = this.#waitingStep1.get(socket);
    if (stateVector === undefined || this.#unread.isOverBudget(socket)) return null;
    this.#waitingStep1.delete(socket);
    return stateVector;
  }

  /** Whether a socket lacks awareness, and can be sent it now. */
  takeLackOfAwareness(socket: WebSocket): boolean {
    return !this.#unread.isOverBudget(socket) && this.#lacksAwareness.delete(socket);
  }

  /** Answers a client that spoke and was sent nothing for long, so that it does not take the room for dead. */
  keepAlive(socket: WebSocket, now: number): void {
    if (now - (this.#lastSentAt.get(socket) ?? 0) >= KEEP_ALIVE_AFTER_MS) this.send(socket, KEEP_ALIVE);
  }
}
