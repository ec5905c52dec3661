import { EDIT_BATCH_WINDOW_MS, MAX_BATCH_BYTES, MAX_BATCH_SENDERS } from '../limits/socket-limits.ts';
import type { CheckedUpdate } from '../../yjs/read-update.ts';

/** A valid edit for which the room has space. */
export interface Edit {
  readonly update: CheckedUpdate;
  /** `null`: not from a socket. */
  readonly from: WebSocket | null;
}

/** Edits that are stored together. */
interface Group {
  readonly edits: Edit[];
  readonly makers: Set<WebSocket | null>;
  /** Of all updates. */
  bytes: number;
  /** Runs and ranges of deletions of all updates. */
  entries: number;
}

const newGroup = (): Group => ({ edits: [], makers: new Set(), bytes: 0, entries: 0 });

/**
 * Edits that wait to be stored together. One that comes by itself never waits. Where they come faster, each would take a
 * transaction of its own and a frame for everyone; those that arrive while the room is busy with the ones before them share one
 * of each. Nobody has been told of an edit that waits: it is as if it had not arrived yet.
 */
export class EditGroup {
  readonly #store: (edits: readonly Edit[]) => void;
  #waiting = newGroup();
  /** When edits were stored last, Unix milliseconds. */
  #storedAt = 0;
  /** Whether those that wait will be stored without being asked for. */
  #isDue = false;

  /** @param store stores these and shows them; does not throw */
  constructor(store: (edits: readonly Edit[]) => void) {
    this.#store = store;
  }

  /** What waits, in bytes of updates, and in runs and ranges of deletions. */
  get size(): { readonly bytes: number; readonly entries: number } {
    return this.#waiting;
  }

  /** @param now Unix milliseconds */
  add(edit: Edit, now: number): void {
    const isNewMaker = !this.#waiting.makers.has(edit.from);
    if (isNewMaker && this.#waiting.makers.size === MAX_BATCH_SENDERS) this.settle();
    const isAlone = this.#waiting.edits.length === 0 && now - this.#storedAt >= EDIT_BATCH_WINDOW_MS;
    this.#waiting.edits.push(edit);
    this.#waiting.makers.add(edit.from);
    this.#waiting.bytes += edit.update.bytes.byteLength;
    this.#waiting.entries += edit.update.rangeCount;
    if (isAlone || this.#waiting.bytes >= MAX_BATCH_BYTES) this.settle();
    else if (!this.#isDue) this.#settleSoon();
  }

  /** Stores those that wait. */
  settle(): void {
    const { edits } = this.#waiting;
    if (edits.length === 0) return;
    this.#waiting = newGroup();
    this.#store(edits);
    this.#storedAt = Date.now();
  }

  /** Once the event loop has dealt with what has arrived by now: the one timer of a room, and it does not keep it awake. */
  #settleSoon(): void {
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      this.settle();
    }, 0);
  }
}
