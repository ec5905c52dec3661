import { MAX_SILENCE_MS, LAST_HEARD_PRECISION_MS } from '../limits/socket-limits.ts';

/** When each socket sent something last, in Unix milliseconds. Attachments have it to `LAST_HEARD_PRECISION_MS`. */
export class LastHeard {
  readonly #pingedAt: (socket: WebSocket) => number | null;
  readonly #at = new WeakMap<WebSocket, number>();
  readonly #storedAt = new WeakMap<WebSocket, number>();

  /** @param pingedAt when a ping of a client's was answered last; `null`: never */
  constructor(pingedAt: (socket: WebSocket) => number | null) {
    this.#pingedAt = pingedAt;
  }

  /** @returns whether it is to be stored */
  note(socket: WebSocket, now: number): boolean {
    this.#at.set(socket, now);
    return now - (this.#storedAt.get(socket) ?? 0) >= LAST_HEARD_PRECISION_MS;
  }

  /** Gives what is to be stored. */
  store(socket: WebSocket): number {
    const at = this.at(socket);
    this.#storedAt.set(socket, at);
    return at;
  }

  /** Whether a client has sent nothing for longer than most living clients do. */
  isSilent(socket: WebSocket, now: number): boolean {
    return now - this.at(socket) > MAX_SILENCE_MS;
  }

  at(socket: WebSocket): number {
    return Math.max(this.#at.get(socket) ?? 0, this.#pingedAt(socket) ?? 0);
  }
}
