import type { AwarenessChange, AwarenessEntry } from './awareness.ts';
import {
  CHANGE_MS_PER_SOCKET,
  MAX_AWARENESS_SENDERS_APART,
  MAX_RENEWAL_INTERVAL_MS,
  RENEWAL_MS_PER_SOCKET,
} from './limits.ts';
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

/**
 * Sends awareness to the other sockets. Each frame goes to every socket, and every y-websocket client sends it back. So
 * the time between two frames grows with the number of sockets: frames and CPU time grow with sockets, and not with
 * their square. What comes after a pause is sent at once; what follows too soon waits, and goes out in one frame.
 *
 * A renewal (the same state with a newer clock) may wait for longer than a change, but no longer than peers can bear:
 * y-protocols drops a client that it has not heard of for 30 s, and a client renews each 15 to 18 s.
 */
export class AwarenessRelay<Socket> {
  readonly #parts: Parts<Socket>;
  readonly #waiting = new Map<number, Waiting<Socket>>();
  /** Sockets that were opened since the last frame, and the order of the last entry that they know. */
  readonly #opened = new Map<Socket, number>();
  #order = 0;
  /** Unix milliseconds. */
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
    const dueAt = this.#sentAt + this.#intervalMs(changed.length > 0);
    if (dueAt <= now) this.#send(now);
    else this.#sendAt(dueAt, now);
  }

  /** A socket that has just been sent everyone who is present is not sent what waits for the others. */
  opened(socket: Socket): void {
    if (this.#waiting.size > 0) this.#opened.set(socket, this.#order);
  }

  closed(socket: Socket): void {
    this.#opened.delete(socket);
  }

  /** For a room whose sockets are all closed. */
  clear(): void {
    this.#waiting.clear();
    this.#opened.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  #intervalMs(isChange: boolean): number {
    const count = this.#parts.count();
    if (isChange) return Math.floor(count * CHANGE_MS_PER_SOCKET);
    return Math.min(count * RENEWAL_MS_PER_SOCKET, MAX_RENEWAL_INTERVAL_MS);
  }

  #sendAt(dueAt: number, now: number): void {
    if (this.#timer !== null && this.#timer.dueAt <= dueAt) return;
    this.#timer?.cancel();
    const cancel = this.#parts.later(() => this.#send(dueAt), dueAt - now);
    this.#timer = { dueAt, cancel };
  }

  #send(now: number): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#sentAt = now;
    const waiting = [...this.#waiting.values()];
    const opened = new Map(this.#opened);
    this.#waiting.clear();
    this.#opened.clear();
    if (waiting.length === 0) return;
    const frame = writeAwareness(waiting.map(({ entry }) => entry));
    const senders = new Set(waiting.flatMap(({ from }) => from ?? []));
    // Of many senders each is sent its own clients too, which it ignores: that costs less than a frame for each.
    const apart = senders.size <= MAX_AWARENESS_SENDERS_APART ? senders : new Set<Socket>();
    for (const socket of this.#parts.sockets()) {
      const since = opened.get(socket) ?? 0;
      if (since === 0 && !apart.has(socket)) {
        this.#parts.send(socket, frame);
        continue;
      }
      const others = waiting.filter(({ from, order }) => from !== socket && order > since);
      if (others.length > 0) this.#parts.send(socket, writeAwareness(others.map(({ entry }) => entry)));
    }
  }
}
