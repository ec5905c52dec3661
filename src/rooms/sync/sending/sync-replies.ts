import { SyncReply } from './sync-reply.ts';
import type { ContentPart } from '../../../yjs/content-parts.ts';
import { FRAME_CACHE_MS } from '../../limits/socket-limits.ts';
import { writeContent } from '../protocol.ts';
import type { RoomState } from '../../storage/room-state.ts';

/**
 * Creates the replies to step 1s. Frames stay in memory until the client has read them, and many clients may request a large
 * document at once, so clients without content share the same byte arrays.
 */
export class SyncReplies {
  readonly #state: RoomState;
  /** By the number of their newest update, for one version of the log. */
  readonly #cached = new Map<number, Uint8Array>();
  #logVersion = '';
  /** The last frame, which changes with each edit. */
  #last: { readonly newest: number; readonly frame: Uint8Array } | null = null;
  /** Unix milliseconds. */
  #usedAt = 0;

  constructor(state: RoomState) {
    this.#state = state;
  }

  /** The reply to a client with this state vector. */
  create(stateVector: ReadonlyMap<number, number>): SyncReply {
    const isNew = this.#state.content.hasNothingStored(stateVector);
    return new SyncReply(this.#state, {
      stateVector,
      after: 0,
      writeShared: isNew ? (part) => this.#getCachedFrame(part) : writeFrame,
      write: writeFrame,
    });
  }

  /** The reply to a client that was sent the log up to this number. */
  createAfter(number: number): SyncReply {
    const options = { stateVector: new Map(), after: number, writeShared: writeFrame, write: writeFrame };
    return new SyncReply(this.#state, options);
  }

  /** Drops frames that were not sent for `FRAME_CACHE_MS`. */
  dropUnused(now: number): void {
    if (now - this.#usedAt >= FRAME_CACHE_MS) this.#drop();
  }

  #drop(): void {
    this.#cached.clear();
    this.#last = null;
  }

  #getCachedFrame(part: ContentPart): Uint8Array {
    const { logVersion, newestNumber } = this.#state;
    this.#usedAt = Date.now();
    if (logVersion !== this.#logVersion) this.#drop();
    this.#logVersion = logVersion;
    if (part.through === Infinity) {
      if (this.#last?.newest !== newestNumber) this.#last = { newest: newestNumber, frame: writeFrame(part) };
      return this.#last.frame;
    }
    const frame = this.#cached.get(part.through) ?? writeFrame(part);
    this.#cached.set(part.through, frame);
    return frame;
  }
}

const writeFrame = (part: ContentPart): Uint8Array =>
  writeContent(part.through === Infinity ? 'step2' : 'update', part);
