import { RATE_WINDOW_S } from '../limits/socket-limits.ts';

/** Limits the frames of each socket (token bucket). In memory only: a hibernating room receives few frames. */
export class MessageRate<Socket extends WeakKey> {
  readonly #perSecond: number;
  readonly #buckets = new WeakMap<Socket, { frames: number; at: number }>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /**
   * Counts one frame.
   * @param now Unix milliseconds
   * @returns whether the frame is within the limit
   */
  allows(socket: Socket, now: number): boolean {
    const maxFrames = this.#perSecond * RATE_WINDOW_S;
    const bucket = this.#buckets.get(socket) ?? { frames: maxFrames, at: now };
    const filled = Math.min(
      maxFrames,
      bucket.frames + (Math.max(0, now - bucket.at) / 1000) * this.#perSecond,
    );
    this.#buckets.set(socket, { frames: filled - 1, at: now });
    return filled >= 1;
  }
}
