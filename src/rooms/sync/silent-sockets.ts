import type { LastHeard } from './last-heard.ts';
import { SILENT_SOCKET_TIMEOUT_MS } from '../limits/socket-limits.ts';

/** What it needs of the room's sockets. */
interface SilentSocketsPorts {
  readonly sockets: () => Iterable<WebSocket>;
  readonly has: (socket: WebSocket) => boolean;
  /** Sends the room's own step 1, which every living client answers. */
  readonly ask: (socket: WebSocket) => void;
  readonly close: (socket: WebSocket) => void;
  /** Sockets were closed. */
  readonly onClosed: () => void;
  readonly later: (run: () => void, delayMs: number) => void;
}

/**
 * Tells clients that have vanished from those that have nothing to send: an idle y-partyserver client that is alone in a room
 * sends nothing at all. In memory alone: after an eviction the next caller asks again.
 */
export class SilentSockets {
  readonly #lastHeard: LastHeard;
  readonly #ports: SilentSocketsPorts;
  readonly #asked = new WeakSet<WebSocket>();

  constructor(lastHeard: LastHeard, ports: SilentSocketsPorts) {
    this.#lastHeard = lastHeard;
    this.#ports = ports;
  }

  /**
   * Asks each silent client whether it is there, and closes the sockets of those that do not answer.
   * @param now Unix milliseconds
   * @returns how many are silent
   */
  ask(now: number): number {
    const silent = [...this.#ports.sockets()].filter((socket) => this.#lastHeard.isSilent(socket, now));
    const asked = silent.filter((socket) => !this.#asked.has(socket));
    for (const socket of asked) {
      this.#asked.add(socket);
      this.#ports.ask(socket);
    }
    if (asked.length > 0) this.#ports.later(() => this.#closeUnanswered(asked), SILENT_SOCKET_TIMEOUT_MS);
    return silent.length;
  }

  #closeUnanswered(asked: readonly WebSocket[]): void {
    const now = Date.now();
    for (const socket of asked) this.#asked.delete(socket);
    const vanished = asked.filter(
      (socket) => this.#ports.has(socket) && this.#lastHeard.isSilent(socket, now),
    );
    for (const socket of vanished) this.#ports.close(socket);
    if (vanished.length > 0) this.#ports.onClosed();
  }
}
