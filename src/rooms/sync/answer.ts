import type { ContentPart } from '../../yjs/content-parts.ts';
import type { RoomState } from '../storage/room-state.ts';

interface Options {
  /** What the client has. */
  readonly stateVector: ReadonlyMap<number, number>;
  /** It was sent everything up to this number of the log. */
  readonly after: number;
  /** For the parts of a log that was not rewritten since the answer began, and for all others. */
  readonly writeShared: (part: ContentPart) => Uint8Array;
  readonly write: (part: ContentPart) => Uint8Array;
}

/**
 * The frames that bring a client what it lacks, one at a time, however much time passes between them. The last has
 * everything that is stored by then, and is the only step 2: y-websocket takes itself for synced at the first one.
 */
export class Answer {
  readonly #state: RoomState;
  readonly #stateVector: ReadonlyMap<number, number>;
  #write: Options['write'];
  readonly #writeLater: Options['write'];
  #after: number;
  #parts: Iterator<ContentPart> | null = null;
  /** The log that the parts are of, and its newest number then. */
  #logName = '';
  #newest = 0;
  #next: ContentPart | null = null;

  constructor(state: RoomState, { stateVector, after, writeShared, write }: Options) {
    this.#state = state;
    this.#stateVector = stateVector;
    this.#after = after;
    this.#write = writeShared;
    this.#writeLater = write;
  }

  /** The client was sent everything up to this number of the log, `Infinity` for all of it. */
  get after(): number {
    return this.#after;
  }

  /**
   * The size of what the next frame carries, in bytes; `null` after the last one.
   * @throws where the log cannot be read, here as in `take`
   */
  nextBytes(): number | null {
    return this.#peek()?.byteLength ?? null;
  }

  /** The next frame; there must be one. */
  take(): Uint8Array {
    const part = this.#peek();
    if (part === null) throw new Error('the last frame of the answer was taken');
    const frame = this.#write(part);
    this.#next = null;
    this.#after = part.through;
    return frame;
  }

  #peek(): ContentPart | null {
    if (this.#after === Infinity) return null;
    if (this.#parts === null) {
      this.#read();
    } else if (this.#logName !== this.#state.logVersion) {
      // Compacted meanwhile. What was not sent still has numbers above the last one that was.
      this.#write = this.#writeLater;
      this.#read();
    }
    this.#next ??= this.#takePart();
    if (this.#next?.through === Infinity && this.#newest !== this.#state.newestNumber) {
      // Edits came meanwhile, which were held back.
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
    this.#logName = this.#state.logVersion;
    this.#newest = this.#state.newestNumber;
    this.#next = null;
  }
}
