import type { SocketSelector } from '../contract/contract.ts';
import { REPORT_INTERVAL_MS } from '../limits/report-timing.ts';

/** The key of sockets without a session. */
const NO_SESSION = '';

/**
 * The sessions whose socket openings were recorded within `REPORT_INTERVAL_MS`, so that a hundred clients that reconnect at
 * once cost one write. In memory only: after hibernation the next opening is recorded.
 */
export class RecordedOpenings {
  /** Unix milliseconds by session, oldest first. */
  readonly #recordedAt = new Map<string, number>();

  /**
   * @param now Unix milliseconds
   * @returns whether this opening is not recorded yet; the caller records it
   */
  add(sessionId: string | null, now: number): boolean {
    this.#removeBefore(now - REPORT_INTERVAL_MS);
    const key = sessionId ?? NO_SESSION;
    if (this.#recordedAt.has(key)) return false;
    this.#recordedAt.set(key, now);
    return true;
  }

  /** The next opening of these sessions is recorded again. */
  remove(selector: SocketSelector): void {
    if (selector === 'everyone') this.#recordedAt.clear();
    else for (const sessionId of selector) this.#recordedAt.delete(sessionId);
  }

  #removeBefore(time: number): void {
    for (const [session, at] of this.#recordedAt) {
      if (at > time) return;
      this.#recordedAt.delete(session);
    }
  }
}
