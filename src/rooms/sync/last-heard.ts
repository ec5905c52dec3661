import { MAX_SILENCE_MS, LAST_HEARD_PRECISION_MS } from '../limits/socket-limits.ts';

/** Unix milliseconds of each socket's last message. Stored with a precision of `LAST_HEARD_PRECISION_MS`. */
export class LastHeard {
  readonly #getPingedAt: (socket: WebSocket) => number | null;
  readonly #at = new WeakMap<WebSocket, number>();
  readonly #storedAt = new WeakMap<WebSocket, number>();

  /** @param getPingedAt when the runtime last answered a ping of the client; `null` if never */
  constructor(getPingedAt: (socket: WebSocket) => number | null) {
    this.#getPingedAt = getPingedAt;
  }

  /** @returns whether the time should be stored */
  record(socket: WebSocket, now: number): boolean {
    this.#at.set(socket, now);
    return now - (this.#storedAt.get(socket) ?? 0) >= LAST_HEARD_PRECISION_MS;
  }

  /** The time to store. */
  getForStorage(socket: WebSocket): number {
    const at = this.at(socket);
    this.#storedAt.set(socket, at);
    return at;
  }

  /** Whether the client sent nothing for longer than connected clients usually do. */
  isSilent(socket: WebSocket, now: number): boolean {
    return now - this.at(socket) > MAX_SILENCE_MS;
  }

  at(socket: WebSocket): number {
    return Math.max(this.#at.get(socket) ?? 0, this.#getPingedAt(socket) ?? 0);
  }
}
