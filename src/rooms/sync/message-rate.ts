import { RATE_WINDOW_S } from '../limits/socket-limits.ts';

/**
 * How fast each socket sends: a bucket of frames that fills at the allowed rate (token bucket). It is in memory alone:
 * a room that sleeps meanwhile was not sent much.
 */
export class MessageRate<Socket extends WeakKey> {
  readonly #perSecond: number;
  readonly #buckets = new WeakMap<Socket, { frames: number; at: number }>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /**
   * Counts one frame.
   * @param now Unix milliseconds
   * @returns whether the socket keeps to its rate
   */
  allows(socket: Socket, now: number): boolean {
    const most = this.#perSecond * RATE_WINDOW_S;
    const bucket = this.#buckets.get(socket) ?? { frames: most, at: now };
    const filled = Math.min(most, bucket.frames + (Math.max(0, now - bucket.at) / 1000) * this.#perSecond);
    this.#buckets.set(socket, { frames: filled - 1, at: now });
    return filled >= 1;
  }
}
