import type { SyncReply } from './sync-reply.ts';
import {
  MIN_BULK_BYTES,
  KEEP_ALIVE_AFTER_MS,
  STALLED_CHECK_INTERVAL_MS,
  MAX_STALLED_MS,
  MAX_STALLED_WHEN_OTHERS_WAIT_MS,
  SEND_WINDOW_BYTES,
} from '../../limits/socket-limits.ts';
import { writeAwareness } from '../protocol.ts';
import { SendWindows } from './send-windows.ts';
import { describeError } from '../../../lib/log-text.ts';

export interface OutboxPorts {
  /** The reply to a step 1 with this state vector (Yjs v1). */
  readonly createReply: (stateVector: Uint8Array) => SyncReply;
  /** The reply to a client that was sent the log up to this number. */
  readonly createReplyAfter: (number: number) => SyncReply;
  /** The room's step 1. */
  readonly writeStep1: () => Uint8Array;
  readonly mayEdit: (socket: WebSocket) => boolean;
  readonly getContentBytes: () => number;
  /** The client does not read. Must close the socket. */
  readonly onStuck: (socket: WebSocket) => void;
  /** A reply failed. Must close the socket. */
  readonly onFailure: (socket: WebSocket, error: unknown) => void;
  /** `heldBackAfter` of a socket changed. Must store it, because the room may hibernate. */
  readonly onHeldBack: (socket: WebSocket) => void;
}

const KEEP_ALIVE = writeAwareness([]);

/**
 * Sends frames to sockets as fast as each client reads. Further content and edits are held back: the client gets them from the log
 * once it has read. Awareness is then sent as a whole.
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #windows = new SendWindows<WebSocket>();
  readonly #lastSentAt = new WeakMap<WebSocket, number>();
  /** Unfinished replies, oldest first. Edits are held back from these sockets. */
  readonly #replies = new Map<WebSocket, SyncReply>();
  /** The newest state vector of each socket that sent another step 1 during a reply. */
  readonly #nextStep1 = new Map<WebSocket, Uint8Array>();
  /** Sockets that were not sent some awareness. */
  readonly #missesAwareness = new WeakSet<WebSocket>();
  /** Unix milliseconds of the last check for stalled sockets. */
  #checkedAt = 0;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  /** The number of the log after which edits are held back from a socket; `null` if none are. */
  heldBackAfter(socket: WebSocket): number | null {
    return this.#replies.get(socket)?.after ?? null;
  }

  /** Holds edits back from a socket, for example after hibernation. */
  holdBackAfter(socket: WebSocket, number: number): void {
    this.#replies.set(socket, this.#ports.createReplyAfter(number));
  }

  /** Sends a frame that cannot be held back. */
  send(socket: WebSocket, frame: Uint8Array): void {
    this.#send(socket, frame, false);
    if (this.#windows.isStuck(socket, this.#ports.getContentBytes)) this.#ports.onStuck(socket);
  }

  /**
   * Sends an edit, or holds it back.
   * @param after the newest number of the log before the batch of this edit
   */
  sendEdit(socket: WebSocket, frame: Uint8Array, after: number): void {
    if (this.#replies.has(socket)) {
      if (this.#windows.getStalledMs(socket, Date.now()) > MAX_STALLED_MS) this.#ports.onStuck(socket);
      return;
    }
    const isBulk = frame.byteLength >= MIN_BULK_BYTES;
    const when = this.#windows.getSendTime(socket, frame.byteLength, isBulk);
    if (when === 'now') {
      this.#send(socket, frame, isBulk);
    } else {
      this.holdBackAfter(socket, after);
      this.#ports.onHeldBack(socket);
    }
    if (this.#windows.shouldSendStep1(socket, when === 'after reading')) this.sendStep1(socket);
  }

  /** Sends awareness. If the client must read first, it gets all awareness later. */
  sendAwareness(socket: WebSocket, frame: Uint8Array): void {
    if (this.#missesAwareness.has(socket)) return;
    if (this.#windows.getSendTime(socket, frame.byteLength, false) === 'now') this.send(socket, frame);
    else this.#missesAwareness.add(socket);
  }

  /**
   * Replies to a step 1, as fast as the client reads.
   * @param stateVector of the client (Yjs v1)
   */
  reply(socket: WebSocket, stateVector: Uint8Array): void {
    if (this.#replies.has(socket)) {
      this.#nextStep1.set(socket, stateVector.slice());
    } else {
      this.#replies.set(socket, this.#ports.createReply(stateVector));
      this.#continue(socket);
    }
  }

  /** Sends the room's step 1. */
  sendStep1(socket: WebSocket): void {
    this.send(socket, this.#ports.writeStep1());
    this.#windows.recordStep1(socket, Date.now());
  }

  /** The client replied to the room's step 1, so it has read what was sent before. */
  recordStep2(socket: WebSocket): void {
    if (this.#windows.recordStep2(socket)) this.#continueOthers(socket);
  }

  /** After a message of the client: continues its reply, and sends a keep-alive if nothing was sent for a while. */
  afterMessage(socket: WebSocket, now: number): void {
    this.#continue(socket);
    if (this.#windows.shouldSendStep1(socket)) this.sendStep1(socket);
    if (now - (this.#lastSentAt.get(socket) ?? 0) >= KEEP_ALIVE_AFTER_MS) this.send(socket, KEEP_ALIVE);
  }

  /** Whether a socket misses awareness and can be sent it now. Resets that state. */
  takeMissedAwareness(socket: WebSocket): boolean {
    return this.#windows.unread(socket) <= SEND_WINDOW_BYTES / 2 && this.#missesAwareness.delete(socket);
  }

  /** The socket is closed. */
  forget(socket: WebSocket): void {
    this.#replies.delete(socket);
    this.#nextStep1.delete(socket);
    if (this.#windows.forget(socket)) this.#continueOthers(socket);
  }

  /** Continues the reply to a socket. */
  #continue(socket: WebSocket): void {
    const reply = this.#replies.get(socket);
    if (reply === undefined) return;
    const { after } = reply;
    const rest = this.#sendParts(socket, reply);
    // The socket was closed in the meantime.
    if (!this.#replies.has(socket)) return;
    if (rest === 'none') return this.#end(socket);
    if (reply.after !== after || after === 0) this.#ports.onHeldBack(socket);
    if (this.#windows.shouldSendStep1(socket, rest === 'after reading')) this.sendStep1(socket);
    if (rest === 'after others') this.#closeStalled(Date.now());
  }

  /** @returns when the rest may be sent */
  #sendParts(socket: WebSocket, reply: SyncReply): 'none' | 'after reading' | 'after others' {
    for (let bytes = reply.nextBytes(); bytes !== null; bytes = reply.nextBytes()) {
      const isBulk = bytes >= MIN_BULK_BYTES;
      const when = this.#windows.getSendTime(socket, bytes, isBulk);
      if (when !== 'now') return when;
      const frame = reply.take();
      this.#send(socket, frame, isBulk);
      this.#windows.recordReply(socket, frame.byteLength, Date.now());
      if (this.#windows.isStuck(socket, this.#ports.getContentBytes)) {
        this.#ports.onStuck(socket);
        return 'after reading';
      }
    }
    return 'none';
  }

  /** The reply is complete. */
  #end(socket: WebSocket): void {
    this.#replies.delete(socket);
    this.#ports.onHeldBack(socket);
    // The client's step 2 contains its offline edits (y-protocols, PROTOCOL.md).
    if (this.#ports.mayEdit(socket) || this.#windows.shouldSendStep1(socket)) this.sendStep1(socket);
    const next = this.#nextStep1.get(socket);
    if (next === undefined) return;
    this.#nextStep1.delete(socket);
    this.reply(socket, next);
  }

  /** Closes stalled sockets while others wait for their memory. */
  #closeStalled(now: number): void {
    if (now - this.#checkedAt < STALLED_CHECK_INTERVAL_MS) return;
    this.#checkedAt = now;
    const stalled = this.#windows.listStalled(MAX_STALLED_WHEN_OTHERS_WAIT_MS, now);
    for (const socket of stalled) this.#ports.onStuck(socket);
  }

  #send(socket: WebSocket, frame: Uint8Array, isBulk: boolean): void {
    this.#lastSentAt.set(socket, Date.now());
    this.#windows.recordSent(socket, frame.byteLength, isBulk);
    try {
      socket.send(frame);
    } catch (error) {
      // The socket just closed. Its close event follows.
      console.debug({ event: 'send_to_closing_socket', error: describeError(error) });
    }
  }

  #continueOthers(except: WebSocket): void {
    for (const socket of this.#replies.keys()) {
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
