import type { Part } from './in-parts.ts';
import { KEEP_FRAMES_MS } from './limits.ts';
import { writeContent } from './protocol.ts';
import type { RoomState } from './room-state.ts';

/**
 * The answers to a client's step 1. What is sent waits in memory until the client has taken it, and a hundred clients may
 * ask for a large document at once: those who have nothing yet are sent the very same byte arrays.
 */
export class JoinFrames {
  readonly #state: RoomState;
  /** By the newest update they have; of the log of this name. */
  readonly #kept = new Map<number, Uint8Array>();
  #logName = '';
  /** The last one, which each edit makes another one. */
  #last: { readonly newest: number; readonly frame: Uint8Array } | null = null;
  /** Unix milliseconds. */
  #usedAt = 0;

  constructor(state: RoomState) {
    this.#state = state;
  }

  /**
   * The frames that bring a client what it lacks. The last is the only step 2: y-websocket takes itself for synced at the
   * first one.
   * @param now Unix milliseconds
   */
  *lacking(stateVector: ReadonlyMap<number, number>, now: number): Generator<Uint8Array> {
    this.#usedAt = now;
    const { content } = this.#state;
    const isNew = content.isNewTo(stateVector);
    for (const part of content.partsLackingOf(stateVector)) {
      yield isNew ? this.#keptFrame(part) : frameOf(part);
    }
  }

  /** Lets the frames go that nobody has asked for lately. */
  forgetUnused(now: number): void {
    if (now - this.#usedAt >= KEEP_FRAMES_MS) this.#forget();
  }

  #forget(): void {
    this.#kept.clear();
    this.#last = null;
  }

  #keptFrame(part: Part): Uint8Array {
    const { logName, newestNumber } = this.#state;
    if (logName !== this.#logName) this.#forget();
    this.#logName = logName;
    if (part.through === Infinity) {
      if (this.#last?.newest !== newestNumber) this.#last = { newest: newestNumber, frame: frameOf(part) };
      return this.#last.frame;
    }
    const frame = this.#kept.get(part.through) ?? frameOf(part);
    this.#kept.set(part.through, frame);
    return frame;
  }
}

const frameOf = (part: Part): Uint8Array =>
  writeContent(part.through === Infinity ? 'step2' : 'update', part);
