import type { AwarenessChange, AwarenessEntry } from './present-clients.ts';
import {
  AWARENESS_MS_PER_FRAME,
  MAX_AWARENESS_SENDERS_EXCLUDED,
  MAX_AWARENESS_SENDS_PER_TURN,
  MAX_RENEWAL_INTERVAL_MS,
  RENEWAL_MS_PER_SOCKET,
} from '../../limits/socket-limits.ts';
import { writeAwareness } from '../protocol.ts';

interface Options<Socket> {
  readonly sockets: () => Iterable<Socket>;
  readonly count: () => number;
  readonly send: (socket: Socket, frame: Uint8Array) => void;
  /** Runs a function later. Returns a function that cancels it. */
  readonly runLater: (run: () => void, delayMs: number) => () => void;
}

/** An entry to send. */
interface Waiting<Socket> {
  readonly entry: AwarenessEntry;
  /** Increases with each entry. */
  readonly order: number;
  /** `null` if the client's socket closed. */
  readonly from: Socket | null;
}

/** Entries that are being sent, to some sockets per turn. */
interface Batch<Socket> {
  readonly waiting: readonly Waiting<Socket>[];
  /** For all sockets that are not in `excluded` or `opened`. */
  readonly frame: Uint8Array;
  /** Senders, which are sent the entries of the others. */
  readonly excluded: ReadonlySet<Socket>;
  /** Sockets that were sent all entries up to this order when they opened. */
  readonly opened: ReadonlyMap<Socket, number>;
  readonly remaining: Set<Socket>;
}

/**
 * Relays awareness. Each frame goes to every socket, and every y-websocket client echoes it, so the interval between frames grows
 * with the number of sockets: the cost is linear and not quadratic. Renewals wait longer than changes, but y-protocols removes a
 * client after 30 s without one.
 */
export class AwarenessRelay<Socket> {
  readonly #options: Options<Socket>;
  readonly #waiting = new Map<number, Waiting<Socket>>();
  /** Whether a waiting entry is a change, not a renewal. */
  #hasChange = false;
  /** Sockets that opened while entries waited, with the order of the last entry that they were sent. */
  readonly #opened = new Map<Socket, number>();
  #order = 0;
  #batch: Batch<Socket> | null = null;
  /** Unix milliseconds of the last frame. */
  #sentAt = 0;
  #timer: { readonly dueAt: number; readonly cancel: () => void } | null = null;

  constructor(options: Options<Socket>) {
    this.#options = options;
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

  /** A socket that opened was sent all present clients, so it is not sent the waiting entries. */
  recordOpened(socket: Socket): void {
    if (this.#waiting.size > 0) this.#opened.set(socket, this.#order);
  }

  recordClosed(socket: Socket): void {
    this.#opened.delete(socket);
    this.#batch?.remaining.delete(socket);
  }

  /** Drops all entries after all sockets were closed. */
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
    const count = this.#options.count();
    if (this.#hasChange) return getPauseMs(Math.min(count, MAX_AWARENESS_SENDS_PER_TURN));
    return Math.min(count * RENEWAL_MS_PER_SOCKET, MAX_RENEWAL_INTERVAL_MS);
  }

  /** One timer is enough: waiting entries are sent together, and only after the current batch. */
  #setTimer(dueAt: number, now: number, run: () => void): void {
    if (this.#timer !== null && this.#timer.dueAt <= dueAt) return;
    this.#timer?.cancel();
    const cancel = this.#options.runLater(() => {
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
      // With many senders, each is sent its own clients too and ignores them: cheaper than a frame for each.
      excluded: senders.size <= MAX_AWARENESS_SENDERS_EXCLUDED ? senders : new Set(),
      opened: new Map(this.#opened),
      remaining: new Set(this.#options.sockets()),
    };
    this.#waiting.clear();
    this.#hasChange = false;
    this.#opened.clear();
    this.#sendSome(this.#batch, now);
  }

  #sendSome(batch: Batch<Socket>, now: number): void {
    this.#sentAt = now;
    let sent = 0;
    for (const socket of batch.remaining) {
      if (sent === MAX_AWARENESS_SENDS_PER_TURN) {
        const dueAt = now + getPauseMs(sent);
        return this.#setTimer(dueAt, now, () => this.#sendSome(batch, dueAt));
      }
      batch.remaining.delete(socket);
      this.#sendTo(socket, batch);
      sent += 1;
    }
    this.#batch = null;
    if (this.#waiting.size > 0) this.#sendWhenDue(now);
  }

  #sendTo(socket: Socket, { waiting, frame, excluded, opened }: Batch<Socket>): void {
    const since = opened.get(socket) ?? 0;
    if (since === 0 && !excluded.has(socket)) return this.#options.send(socket, frame);
    const others = waiting.filter(({ from, order }) => from !== socket && order > since);
    if (others.length > 0) this.#options.send(socket, writeAwareness(others.map(({ entry }) => entry)));
  }
}

/** The pause after a number of frames, in milliseconds. */
const getPauseMs = (frames: number): number => Math.floor(frames * AWARENESS_MS_PER_FRAME);
