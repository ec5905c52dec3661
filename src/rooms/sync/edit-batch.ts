import { EDIT_BATCH_WINDOW_MS, MAX_BATCH_BYTES, MAX_BATCH_SENDERS } from '../limits/socket-limits.ts';
import type { CheckedUpdate } from '../../yjs/read-update.ts';

/** A valid edit for which the room has space. */
export interface Edit {
  readonly update: CheckedUpdate;
  /** `null`: not from a socket. */
  readonly from: WebSocket | null;
}

/** Edits that are stored together. */
interface Batch {
  readonly edits: Edit[];
  readonly senders: Set<WebSocket | null>;
  /** Of all updates. */
  bytes: number;
  /** Struct and delete ranges of all updates. */
  ranges: number;
}

const createBatch = (): Batch => ({ edits: [], senders: new Set(), bytes: 0, ranges: 0 });

/**
 * Collects concurrent edits, so that a batch shares one transaction and one frame per reader. A single edit is stored at once.
 * No client has seen an edit that waits: it counts as not received yet.
 */
export class EditBatcher {
  readonly #store: (edits: readonly Edit[]) => void;
  #batch = createBatch();
  /** Unix milliseconds of the last batch. */
  #storedAt = 0;
  #isScheduled = false;

  /** @param store stores and relays a batch; must not throw */
  constructor(store: (edits: readonly Edit[]) => void) {
    this.#store = store;
  }

  /** The size of the waiting edits. */
  get size(): { readonly bytes: number; readonly ranges: number } {
    return this.#batch;
  }

  /** @param now Unix milliseconds */
  add(edit: Edit, now: number): void {
    const isNewSender = !this.#batch.senders.has(edit.from);
    if (isNewSender && this.#batch.senders.size === MAX_BATCH_SENDERS) this.settle();
    const isSingle = this.#batch.edits.length === 0 && now - this.#storedAt >= EDIT_BATCH_WINDOW_MS;
    this.#batch.edits.push(edit);
    this.#batch.senders.add(edit.from);
    this.#batch.bytes += edit.update.bytes.byteLength;
    this.#batch.ranges += edit.update.rangeCount;
    if (isSingle || this.#batch.bytes >= MAX_BATCH_BYTES) this.settle();
    else if (!this.#isScheduled) this.#schedule();
  }

  /** Stores the waiting edits. */
  settle(): void {
    const { edits } = this.#batch;
    if (edits.length === 0) return;
    this.#batch = createBatch();
    this.#store(edits);
    this.#storedAt = Date.now();
  }

  /** Runs after the event loop has handled the messages that have arrived. Too short to prevent hibernation. */
  #schedule(): void {
    this.#isScheduled = true;
    setTimeout(() => {
      this.#isScheduled = false;
      this.settle();
    }, 0);
  }
}
