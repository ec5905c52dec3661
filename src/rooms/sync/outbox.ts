import type { Answer } from './answer.ts';
import {
  MIN_BULK_BYTES,
  KEEP_ALIVE_AFTER_MS,
  STALLED_CHECK_INTERVAL_MS,
  MAX_STALLED_MS,
  MAX_STALLED_WHEN_OTHERS_WAIT_MS,
  SEND_WINDOW_BYTES,
} from '../limits/socket-limits.ts';
import { writeAwareness } from './protocol.ts';
import { SendWindows } from './send-windows.ts';
import { describeError } from '../../lib/log-text.ts';

/** What the outbox needs of the room. */
export interface OutboxPorts {
  /** What a client with this state vector (Yjs v1) lacks. */
  readonly answer: (stateVector: Uint8Array) => Answer;
  /** What a client lacks that was sent everything up to this number of the log. */
  readonly answerAfter: (number: number) => Answer;
  /** The room's own step 1. */
  readonly step1: () => Uint8Array;
  /** Whether the answer to the room's step 1 may bring edits of the client. */
  readonly mayEdit: (socket: WebSocket) => boolean;
  /** What the room stores, in bytes. */
  readonly contentBytes: () => number;
  /** Closes a socket whose client does not read. */
  readonly onStuck: (socket: WebSocket) => void;
  /** Closes a socket that an exception keeps from getting what it lacks. */
  readonly onFailure: (socket: WebSocket, error: unknown) => void;
  /** `heldBackAfter` of a socket has changed, which must not be forgotten while the room sleeps. */
  readonly onHeldBack: (socket: WebSocket) => void;
}

const KEEP_ALIVE = writeAwareness([]);

/**
 * Sends frames to sockets, each as far as its client reads. Content and edits beyond that are held back: they are in the log,
 * and the client gets them from there once it has read. Awareness is sent whole once it has read.
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #windows = new SendWindows<WebSocket>();
  readonly #lastSentAt = new WeakMap<WebSocket, number>();
  /** What a socket lacks and is sent as its client reads, the longest waiting first. Edits are held back meanwhile. */
  readonly #answers = new Map<WebSocket, Answer>();
  /** The newest state vector of each socket that sent another step 1 meanwhile. */
  readonly #nextStep1 = new Map<WebSocket, Uint8Array>();
  /** Sockets that were not sent some awareness. */
  readonly #lacksAwareness = new WeakSet<WebSocket>();
  /** When stalled sockets were looked for last, Unix milliseconds. */
  #lookedAt = 0;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  /** The number of the log after which edits are held back from a socket; `null`: none is. */
  heldBackAfter(socket: WebSocket): number | null {
    return this.#answers.get(socket)?.after ?? null;
  }

  /** Holds edits back from a socket, as before the room slept. */
  holdBackAfter(socket: WebSocket, number: number): void {
    this.#answers.set(socket, this.#ports.answerAfter(number));
  }

  /** Sends a frame that cannot be held back. */
  send(socket: WebSocket, frame: Uint8Array): void {
    this.#send(socket, frame, false);
    if (this.#windows.isStuck(socket, this.#ports.contentBytes)) this.#ports.onStuck(socket);
  }

  /**
   * Sends an edit, or holds it back.
   * @param after the newest number of the log before this edit and those that were stored with it
   */
  sendEdit(socket: WebSocket, frame: Uint8Array, after: number): void {
    if (this.#answers.has(socket)) {
      if (this.#windows.stalledFor(socket, Date.now()) > MAX_STALLED_MS) this.#ports.onStuck(socket);
      return;
    }
    const isBulk = frame.byteLength >= MIN_BULK_BYTES;
    const when = this.#windows.mayTake(socket, frame.byteLength, isBulk);
    if (when === 'now') {
      this.#send(socket, frame, isBulk);
    } else {
      this.holdBackAfter(socket, after);
      this.#ports.onHeldBack(socket);
    }
    if (this.#windows.shouldAsk(socket, when === 'after reading')) this.ask(socket);
  }

  /** Sends awareness, unless the client must read first. Then it is sent all of it later. */
  sendAwareness(socket: WebSocket, frame: Uint8Array): void {
    if (this.#lacksAwareness.has(socket)) return;
    if (this.#windows.mayTake(socket, frame.byteLength, false) === 'now') this.send(socket, frame);
    else this.#lacksAwareness.add(socket);
  }

  /**
   * Answers a step 1, as far as the client reads.
   * @param stateVector of the client (Yjs v1)
   */
  answer(socket: WebSocket, stateVector: Uint8Array): void {
    if (this.#answers.has(socket)) {
      this.#nextStep1.set(socket, stateVector.slice());
    } else {
      this.#answers.set(socket, this.#ports.answer(stateVector));
      this.#continue(socket);
    }
  }

  /** Sends the room's own step 1. */
  ask(socket: WebSocket): void {
    this.send(socket, this.#ports.step1());
    this.#windows.asked(socket, Date.now());
  }

  /** The client has answered the room's step 1, so it has read what was sent before. */
  proved(socket: WebSocket): void {
    if (this.#windows.proved(socket)) this.#continueOthers(socket);
  }

  /** Sends a client that has sent something what it lacks, and what keeps it from taking the room for dead. */
  afterMessage(socket: WebSocket, now: number): void {
    this.#continue(socket);
    if (this.#windows.shouldAsk(socket)) this.ask(socket);
    if (now - (this.#lastSentAt.get(socket) ?? 0) >= KEEP_ALIVE_AFTER_MS) this.send(socket, KEEP_ALIVE);
  }

  /** Whether a socket lacks awareness, and can be sent it now. */
  takeLackOfAwareness(socket: WebSocket): boolean {
    return this.#windows.unread(socket) <= SEND_WINDOW_BYTES / 2 && this.#lacksAwareness.delete(socket);
  }

  /** A socket is gone. */
  forget(socket: WebSocket): void {
    this.#answers.delete(socket);
    this.#nextStep1.delete(socket);
    if (this.#windows.forget(socket)) this.#continueOthers(socket);
  }

  /** Sends what a socket lacks, as far as its client reads. */
  #continue(socket: WebSocket): void {
    const answer = this.#answers.get(socket);
    if (answer === undefined) return;
    const { after } = answer;
    const rest = this.#sendParts(socket, answer);
    // Closed meanwhile.
    if (!this.#answers.has(socket)) return;
    if (rest === 'none') return this.#end(socket);
    if (answer.after !== after || after === 0) this.#ports.onHeldBack(socket);
    if (this.#windows.shouldAsk(socket, rest === 'after reading')) this.ask(socket);
    if (rest === 'after others') this.#closeStalled(Date.now());
  }

  /** @returns when the rest may be sent */
  #sendParts(socket: WebSocket, answer: Answer): 'none' | 'after reading' | 'after others' {
    for (let bytes = answer.nextBytes(); bytes !== null; bytes = answer.nextBytes()) {
      const isBulk = bytes >= MIN_BULK_BYTES;
      const when = this.#windows.mayTake(socket, bytes, isBulk);
      if (when !== 'now') return when;
      const frame = answer.take();
      this.#send(socket, frame, isBulk);
      this.#windows.answered(socket, frame.byteLength, Date.now());
      if (this.#windows.isStuck(socket, this.#ports.contentBytes)) {
        this.#ports.onStuck(socket);
        return 'after reading';
      }
    }
    return 'none';
  }

  /** A socket has got all that it lacked. */
  #end(socket: WebSocket): void {
    this.#answers.delete(socket);
    this.#ports.onHeldBack(socket);
    // The answer to ours brings what the client wrote while it was away (y-protocols, PROTOCOL.md).
    if (this.#ports.mayEdit(socket) || this.#windows.shouldAsk(socket)) this.ask(socket);
    const next = this.#nextStep1.get(socket);
    if (next === undefined) return;
    this.#nextStep1.delete(socket);
    this.answer(socket, next);
  }

  /** Others wait until these have read. */
  #closeStalled(now: number): void {
    if (now - this.#lookedAt < STALLED_CHECK_INTERVAL_MS) return;
    this.#lookedAt = now;
    const stalled = this.#windows.stalled(MAX_STALLED_WHEN_OTHERS_WAIT_MS, now);
    for (const socket of stalled) this.#ports.onStuck(socket);
  }

  #send(socket: WebSocket, frame: Uint8Array, isBulk: boolean): void {
    this.#lastSentAt.set(socket, Date.now());
    this.#windows.sent(socket, frame.byteLength, isBulk);
    try {
      socket.send(frame);
    } catch (error) {
      // A socket that went away a moment ago; its close event follows and takes it out.
      console.debug({ event: 'send_to_closing_socket', error: describeError(error) });
    }
  }

  #continueOthers(except: WebSocket): void {
    for (const socket of this.#answers.keys()) {
      if (this.#windows.isFull) return;
      if (socket === except) continue;
      try {
        this.#continue(socket);
      } catch (error) {
        this.#ports.onFailure(socket, error);
      }
    }
  }
}
