import type { ContentPart } from '../../../yjs/content-parts.ts';
import type { RoomState } from '../../storage/room-state.ts';

interface Options {
  readonly stateVector: ReadonlyMap<number, number>;
  /** The client was sent the log up to this number. */
  readonly after: number;
  /** Writes the parts before a compaction of the log; may return a cached frame. */
  readonly writeShared: (part: ContentPart) => Uint8Array;
  /** Writes the parts after a compaction. */
  readonly write: (part: ContentPart) => Uint8Array;
}

/**
 * The reply to a step 1: frames with what the client lacks, which may be sent with long pauses. The last frame covers everything
 * stored by then. Only it is a step 2, because y-websocket counts as synced after the first step 2.
 */
export class SyncReply {
  readonly #state: RoomState;
  readonly #stateVector: ReadonlyMap<number, number>;
  #write: Options['write'];
  readonly #writeAfterCompaction: Options['write'];
  #after: number;
  #parts: Iterator<ContentPart> | null = null;
  /** The version of the log that the parts are from, and its newest number. */
  #logVersion = '';
  #newestNumber = 0;
  #next: ContentPart | null = null;

  constructor(state: RoomState, { stateVector, after, writeShared, write }: Options) {
    this.#state = state;
    this.#stateVector = stateVector;
    this.#after = after;
    this.#write = writeShared;
    this.#writeAfterCompaction = write;
  }

  /** The client was sent the log up to this number; `Infinity` for all of it. */
  get after(): number {
    return this.#after;
  }

  /**
   * The size of the next frame's content, in bytes; `null` after the last frame.
   * @throws if the log cannot be read, like `take`
   */
  nextBytes(): number | null {
    return this.#peek()?.byteLength ?? null;
  }

  /** Returns the next frame. `nextBytes` must not be `null`. */
  take(): Uint8Array {
    const part = this.#peek();
    if (part === null) throw new Error('the reply has no further frame');
    const frame = this.#write(part);
    this.#next = null;
    this.#after = part.through;
    return frame;
  }

  #peek(): ContentPart | null {
    if (this.#after === Infinity) return null;
    if (this.#parts === null) {
      this.#read();
    } else if (this.#logVersion !== this.#state.logVersion) {
      // After a compaction, the parts that were not sent still have higher numbers than those that were.
      this.#write = this.#writeAfterCompaction;
      this.#read();
    }
    this.#next ??= this.#takePart();
    if (this.#next?.through === Infinity && this.#newestNumber !== this.#state.newestNumber) {
      // Edits were held back in the meantime.
      this.#read();
      this.#next = this.#takePart();
    }
    return this.#next;
  }

  #takePart(): ContentPart | null {
    const { done, value } = this.#parts?.next() ?? { done: true };
    return done === true ? null : (value ?? null);
  }

  #read(): void {
    this.#parts = this.#state.content.readMissingParts(this.#stateVector, this.#after);
    this.#logVersion = this.#state.logVersion;
    this.#newestNumber = this.#state.newestNumber;
    this.#next = null;
  }
}
