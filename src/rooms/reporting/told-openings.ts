import type { SocketSelector } from '../contract/contract.ts';
import { REPORT_INTERVAL_MS } from '../limits/report-timing.ts';

/** Of sockets that no session vouches for. */
const NO_SESSION = '';

/**
 * For which sessions the registry was told lately that sockets were opened: when a hundred clients come back at once, one
 * write says so. In memory alone: after waking up, everything is news.
 */
export class ToldOpenings {
  /** Unix milliseconds by session, the oldest first. */
  readonly #toldAt = new Map<string, number>();

  /**
   * Notes an opening.
   * @param now Unix milliseconds
   * @returns whether the registry is to be told of it
   */
  isNews(sessionId: string | null, now: number): boolean {
    this.#forgetBefore(now - REPORT_INTERVAL_MS);
    const key = sessionId ?? NO_SESSION;
    if (this.#toldAt.has(key)) return false;
    this.#toldAt.set(key, now);
    return true;
  }

  /** What these open next is news, because their session has ended, or the room is another one. */
  forget(of: SocketSelector): void {
    if (of === 'everyone') this.#toldAt.clear();
    else for (const sessionId of of) this.#toldAt.delete(sessionId);
  }

  #forgetBefore(time: number): void {
    for (const [session, at] of this.#toldAt) {
      if (at > time) return;
      this.#toldAt.delete(session);
    }
  }
}
