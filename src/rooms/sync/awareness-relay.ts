import type { AwarenessChange, AwarenessEntry } from './awareness.ts';
import {
  AWARENESS_MS_PER_FRAME,
  MAX_AWARENESS_SENDERS_EXCLUDED,
  MAX_AWARENESS_SENDS_PER_TURN,
  MAX_RENEWAL_INTERVAL_MS,
  RENEWAL_MS_PER_SOCKET,
} from '../limits/socket-limits.ts';
import { writeAwareness } from './protocol.ts';

interface Parts<Socket> {
  /** Every open socket. */
  readonly sockets: () => Iterable<Socket>;
  /** How many there are. */
  readonly count: () => number;
  readonly send: (socket: Socket, frame: Uint8Array) => void;
  /** Runs it after some milliseconds. Returns how to call it off. */
  readonly later: (run: () => void, delayMs: number) => () => void;
}

/** An entry that waits, which of several is the newest, and who sent it. */
interface Waiting<Socket> {
  readonly entry: AwarenessEntry;
  readonly order: number;
  /** `null`: the client left with its socket. */
  readonly from: Socket | null;
}

/** What is being sent, some sockets at a time. */
interface Batch<Socket> {
  readonly waiting: readonly Waiting<Socket>[];
  /** For all but those that get a frame of their own. */
  readonly frame: Uint8Array;
  /** Sockets that sent some of it, and are sent the rest. */
  readonly apart: ReadonlySet<Socket>;
  /** Sockets that know all up to an entry. */
  readonly opened: ReadonlyMap<Socket, number>;
  readonly left: Set<Socket>;
}

/**
 * Sends awareness to the other sockets. Each frame goes to every socket, and every y-websocket client sends it back. So
 * the time between two frames grows with the number of sockets: frames and CPU time grow with sockets, and not with
 * their square. What comes after a pause is sent at once; what follows too soon waits, and goes out in one frame. In a
 * large room a frame goes to some sockets at a time, so that other rooms do not wait for all of them.
 *
 * A renewal (the same state with a newer clock) may wait for longer than a change, but no longer than peers can bear:
 * y-protocols drops a client that it has not heard of for 30 s, and a client renews each 15 to 18 s.
 */
export class AwarenessRelay<Socket> {
  readonly #parts: Parts<Socket>;
  readonly #waiting = new Map<number, Waiting<Socket>>();
  /** Whether a change is among what waits. */
  #hasChange = false;
  /** Sockets that were opened while something waited, and the order of the last entry that they know. */
  readonly #opened = new Map<Socket, number>();
  #order = 0;
  #batch: Batch<Socket> | null = null;
  /** Unix milliseconds of the last frame. */
  #sentAt = 0;
  #timer: { readonly dueAt: number; readonly cancel: () => void } | null = null;

  constructor(parts: Parts<Socket>) {
    this.#parts = parts;
  }

  /** @param now Unix milliseconds */
  relay(
    { changed, renewed }: Pick<AwarenessChange<Socket>, 'changed' | 'renewed'>,
    from: Socket | null,
    now: number,
  ): void {
    if (changed.length + renewed.length === 0) return;
    for (const entry of [...changed, ...renewed]) {
      this.#order += 1;
      this.#waiting.set(entry.clientId, { entry, order: this.#order, from });
    }
    this.#hasChange ||= changed.length > 0;
    if (this.#batch === null) this.#sendWhenDue(now);
  }

  /** A socket that has just been sent everyone who is present is not sent what waits for the others. */
  opened(socket: Socket): void {
    if (this.#waiting.size > 0) this.#opened.set(socket, this.#order);
  }

  closed(socket: Socket): void {
    this.#opened.delete(socket);
    this.#batch?.left.delete(socket);
  }

  /** For a room whose sockets are all closed. */
  clear(): void {
    this.#waiting.clear();
    this.#hasChange = false;
    this.#opened.clear();
    this.#batch = null;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #sendWhenDue(now: number): void {
    const dueAt = this.#sentAt + this.#intervalMs();
    if (dueAt <= now) this.#send(now);
    else this.#setTimer(dueAt, now, () => this.#send(dueAt));
  }

  #intervalMs(): number {
    const count = this.#parts.count();
    if (this.#hasChange) return pauseAfter(Math.min(count, MAX_AWARENESS_SENDS_PER_TURN));
    return Math.min(count * RENEWAL_MS_PER_SOCKET, MAX_RENEWAL_INTERVAL_MS);
  }

  /** One timer is enough: what waits is sent together, and while a batch is being sent, nothing else is. */
  #setTimer(dueAt: number, now: number, run: () => void): void {
    if (this.#timer !== null && this.#timer.dueAt <= dueAt) return;
    this.#timer?.cancel();
    const cancel = this.#parts.later(() => {
      this.#timer = null;
      run();
    }, dueAt - now);
    this.#timer = { dueAt, cancel };
  }

  #send(now: number): void {
    this.#timer?.cancel();
    this.#timer = null;
    const waiting = [...this.#waiting.values()];
    const senders = new Set(waiting.flatMap(({ from }) => from ?? []));
    this.#batch = {
      waiting,
      frame: writeAwareness(waiting.map(({ entry }) => entry)),
      // Of many senders each is sent its own clients too, which it ignores: that costs less than a frame for each.
      apart: senders.size <= MAX_AWARENESS_SENDERS_EXCLUDED ? senders : new Set(),
      opened: new Map(this.#opened),
      left: new Set(this.#parts.sockets()),
    };
    this.#waiting.clear();
    this.#hasChange = false;
    this.#opened.clear();
    this.#sendSome(this.#batch, now);
  }

  #sendSome(batch: Batch<Socket>, now: number): void {
    this.#sentAt = now;
    let sent = 0;
    for (const socket of batch.left) {
      if (sent === MAX_AWARENESS_SENDS_PER_TURN) {
        const dueAt = now + pauseAfter(sent);
        return this.#setTimer(dueAt, now, () => this.#sendSome(batch, dueAt));
      }
      batch.left.delete(socket);
      this.#sendTo(socket, batch);
      sent += 1;
    }
    this.#batch = null;
    if (this.#waiting.size > 0) this.#sendWhenDue(now);
  }

  #sendTo(socket: Socket, { waiting, frame, apart, opened }: Batch<Socket>): void {
    const since = opened.get(socket) ?? 0;
    if (since === 0 && !apart.has(socket)) return this.#parts.send(socket, frame);
    const others = waiting.filter(({ from, order }) => from !== socket && order > since);
    if (others.length > 0) this.#parts.send(socket, writeAwareness(others.map(({ entry }) => entry)));
  }
}

/** The pause after so many frames were sent, in milliseconds. */
const pauseAfter = (frames: number): number => Math.floor(frames * AWARENESS_MS_PER_FRAME);
