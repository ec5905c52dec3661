import { countDeletedBytes } from '../../yjs/deleted-bytes.ts';
import { ContentIndex, clipPieces } from '../../yjs/content-index.ts';
import { type ContentPart, splitContent } from '../../yjs/content-parts.ts';
import { TARGET_PART_BYTES } from '../limits/socket-limits.ts';
import { MAX_COMPACTION_DELAY_MS } from '../limits/storage-limits.ts';
import { type CheckedUpdate, type ClockRanges, readTrustedUpdate } from '../../yjs/read-update.ts';
import { readUpdates } from './read-updates.ts';
import type { Snapshot } from '../../yjs/snapshot.ts';
import type { UpdateLog } from './update-log.ts';
import { areRangesCovered } from '../../yjs/updates.ts';
import {
  type Content,
  readContentBytes,
  createBytesSource,
  createContent,
} from '../../yjs/structs/write-content.ts';

/** What a room's log says, by an index that is made when somebody first asks. Writes nothing. */
export class LogContent {
  readonly #liveLog: () => UpdateLog | null;
  /** When those readings began that have not ended, in Unix milliseconds. */
  readonly #readings = new Set<{ readonly since: number }>();
  /** `null` until somebody asks, which takes reading the log. */
  #index: ContentIndex | null = null;
  /** What was found last, as long as nothing was appended since. */
  #deletedBytes: { readonly through: number; readonly bytes: number } | null = null;
  /** Whether the last attempt to read the log ended with an exception. */
  #isUnreadable = false;

  /** @param liveLog the log, where there is one */
  constructor(liveLog: () => UpdateLog | null) {
    this.#liveLog = liveLog;
  }

  /** An update was appended to the log. */
  add(update: CheckedUpdate, number: number): void {
    this.#deletedBytes = null;
    const source = this.#liveLog()?.createSource({ number, byteLength: update.bytes.byteLength });
    if (source !== undefined) this.#index?.add(update, source);
  }

  /** The log is another one now, or its updates stand elsewhere in it. */
  clear(): void {
    this.#index = null;
    this.#deletedBytes = null;
  }

  /**
   * What is to be acknowledged must be readable: where the last attempt to read the log failed, it is read again.
   * @throws where the log cannot be read
   */
  assertReadable(): void {
    if (this.#isUnreadable) this.#loadIndex();
  }

  /** Everything stored. */
  readAll(): Content {
    const { pieces, deletions } = this.#loadIndex();
    return this.#trackReading(createContent(pieces, deletions));
  }

  /** How far each client has come without a gap, by client. */
  get stateVector(): ReadonlyMap<number, number> {
    return this.#loadIndex().stateVector;
  }

  /** What is deleted. Sorted by clock, neighbours joined. */
  get deleteRanges(): ClockRanges {
    return this.#loadIndex().deletions;
  }

  /** How many bytes of the updates up to a number are of what is deleted; `deleted-bytes.ts` says how exactly. */
  countDeletedBytes(through: number, walkBytes: number): number {
    if (this.#deletedBytes?.through !== through) {
      this.#deletedBytes = { through, bytes: countDeletedBytes(this.#loadIndex(), through, walkBytes) };
    }
    return this.#deletedBytes.bytes;
  }

  /** What a client with this state vector lacks. A state vector tells nothing of deletions, so these are all in it. */
  readMissing(stateVector: ReadonlyMap<number, number>): Content {
    const { pieces, deletions } = this.#loadIndex();
    return this.#trackReading(createContent(clipPieces(pieces, 'after', stateVector), deletions));
  }

  /**
   * The same in parts of not much more than `TARGET_PART_BYTES`, unless one update was larger. Not to be continued once the log
   * has another name.
   * @param after content of updates up to this number of the log is left out
   */
  readMissingParts(stateVector: ReadonlyMap<number, number>, after: number): Generator<ContentPart> {
    return splitContent(this.#loadIndex(), { stateVector, after, partBytes: TARGET_PART_BYTES });
  }

  /** Whether a client with this state vector has nothing of what is stored: it lacks what every newcomer lacks. */
  hasNothingStored(stateVector: ReadonlyMap<number, number>): boolean {
    const { pieces } = this.#loadIndex();
    return [...stateVector.keys()].every((client) => !pieces.has(client));
  }

  /** What a version has to remember. */
  createSnapshot(): Snapshot {
    const { stateVector, deletions } = this.#loadIndex();
    return { stateVector, deletions };
  }

  /** What there was when a snapshot was taken. */
  readAt({ stateVector, deletions }: Snapshot): Content {
    return this.#trackReading(
      createContent(clipPieces(this.#loadIndex().pieces, 'before', stateVector), deletions),
    );
  }

  /** An update without the inserts that are stored already. */
  withoutStored(update: CheckedUpdate): CheckedUpdate {
    if (update.structCount === 0) return update;
    const news = this.#loadIndex().findNewPieces(update, createBytesSource(update.bytes));
    return news === null
      ? update
      : readTrustedUpdate(readContentBytes(createContent(news, update.deleteRanges)));
  }

  /** Whether everything in an update is stored already. */
  contains(update: CheckedUpdate): boolean {
    const index = this.#loadIndex();
    const hasInserts =
      update.structCount === 0 || index.findNewPieces(update, createBytesSource(update.bytes))?.size === 0;
    return hasInserts && areRangesCovered(update.deleteRanges, index.deletions);
  }

  /** Whether these are all known, as far as that can be told where nobody has read the log. */
  hasDeletions(deletions: ClockRanges): boolean {
    return this.#index?.hasDeletions(deletions) ?? false;
  }

  /** Whether somebody is being sent content that a compaction now would break off. */
  isBeingRead(now: number): boolean {
    return [...this.#readings].some(({ since }) => now - since < MAX_COMPACTION_DELAY_MS);
  }

  #loadIndex(): ContentIndex {
    if (this.#index !== null) return this.#index;
    this.#isUnreadable = true;
    const index = new ContentIndex();
    const log = this.#liveLog();
    if (log !== null) {
      for (const { number, update } of readUpdates(log, 0)) {
        index.add(update, log.createSource({ number, byteLength: update.bytes.byteLength }));
      }
    }
    this.#index = index;
    this.#isUnreadable = false;
    return index;
  }

  #trackReading(content: Content): Content {
    const readings = this.#readings;
    return {
      ...content,
      *chunks() {
        const reading = { since: Date.now() };
        readings.add(reading);
        try {
          yield* content.chunks();
        } finally {
          readings.delete(reading);
        }
      },
    };
  }
}
