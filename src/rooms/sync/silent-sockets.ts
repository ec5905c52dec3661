import type { LastHeard } from './last-heard.ts';
import { SILENT_SOCKET_TIMEOUT_MS } from '../limits/socket-limits.ts';

interface SilentSocketsPorts {
  readonly sockets: () => Iterable<WebSocket>;
  readonly has: (socket: WebSocket) => boolean;
  /** Sends the room's step 1, to which every client replies. */
  readonly probe: (socket: WebSocket) => void;
  readonly close: (socket: WebSocket) => void;
  /** Called after sockets were closed. */
  readonly onClosed: () => void;
  readonly runLater: (run: () => void, delayMs: number) => void;
}

/**
 * Distinguishes vanished clients from idle ones: an idle y-partyserver client that is alone in a room sends nothing. In memory
 * only: after an eviction the next call probes again.
 */
export class SilentSockets {
  readonly #lastHeard: LastHeard;
  readonly #ports: SilentSocketsPorts;
  readonly #probed = new WeakSet<WebSocket>();

  constructor(lastHeard: LastHeard, ports: SilentSocketsPorts) {
    this.#lastHeard = lastHeard;
    this.#ports = ports;
  }

  /**
   * Sends each silent client a step 1 and closes the sockets of those that do not reply.
   * @param now Unix milliseconds
   * @returns how many are silent
   */
  probe(now: number): number {
    const silent = [...this.#ports.sockets()].filter((socket) => this.#lastHeard.isSilent(socket, now));
    const unprobed = silent.filter((socket) => !this.#probed.has(socket));
    for (const socket of unprobed) {
      this.#probed.add(socket);
      this.#ports.probe(socket);
    }
    if (unprobed.length > 0)
      this.#ports.runLater(() => this.#closeVanished(unprobed), SILENT_SOCKET_TIMEOUT_MS);
    return silent.length;
  }

  #closeVanished(probed: readonly WebSocket[]): void {
    const now = Date.now();
    for (const socket of probed) this.#probed.delete(socket);
    const vanished = probed.filter(
      (socket) => this.#ports.has(socket) && this.#lastHeard.isSilent(socket, now),
    );
    for (const socket of vanished) this.#ports.close(socket);
    if (vanished.length > 0) this.#ports.onClosed();
  }
}
