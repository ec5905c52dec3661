import { Answer } from './answer.ts';
import type { ContentPart } from '../../yjs/content-parts.ts';
import { FRAME_CACHE_MS } from '../limits/socket-limits.ts';
import { writeContent } from './protocol.ts';
import type { RoomState } from '../storage/room-state.ts';

/**
 * Answers to clients that lack content. What is sent waits in memory until the client has taken it, and a hundred clients may
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

  /** What a client with this state vector lacks. */
  answer(stateVector: ReadonlyMap<number, number>): Answer {
    const isNew = this.#state.content.hasNothingStored(stateVector);
    return new Answer(this.#state, {
      stateVector,
      after: 0,
      writeShared: isNew ? (part) => this.#keptFrame(part) : writeFrame,
      write: writeFrame,
    });
  }

  /** What a client lacks that was sent everything up to this number of the log. */
  answerAfter(number: number): Answer {
    const options = { stateVector: new Map(), after: number, writeShared: writeFrame, write: writeFrame };
    return new Answer(this.#state, options);
  }

  /** Lets the frames go that no client has been sent lately. */
  forgetUnused(now: number): void {
    if (now - this.#usedAt >= FRAME_CACHE_MS) this.#forget();
  }

  #forget(): void {
    this.#kept.clear();
    this.#last = null;
  }

  #keptFrame(part: ContentPart): Uint8Array {
    const { logVersion, newestNumber } = this.#state;
    this.#usedAt = Date.now();
    if (logVersion !== this.#logName) this.#forget();
    this.#logName = logVersion;
    if (part.through === Infinity) {
      if (this.#last?.newest !== newestNumber) this.#last = { newest: newestNumber, frame: writeFrame(part) };
      return this.#last.frame;
    }
    const frame = this.#kept.get(part.through) ?? writeFrame(part);
    this.#kept.set(part.through, frame);
    return frame;
  }
}

const writeFrame = (part: ContentPart): Uint8Array =>
  writeContent(part.through === Infinity ? 'step2' : 'update', part);
