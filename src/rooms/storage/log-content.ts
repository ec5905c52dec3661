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

/** The content of a room's log, through an index that is created at first use. Writes nothing. */
export class LogContent {
  readonly #liveLog: () => UpdateLog | null;
  /** The start times of unfinished readings, Unix milliseconds. */
  readonly #readings = new Set<{ readonly since: number }>();
  /** `null` until first used: creating it reads the whole log. */
  #index: ContentIndex | null = null;
  /** The last count, while nothing was appended since. */
  #deletedBytes: { readonly through: number; readonly bytes: number } | null = null;
  /** Whether the last attempt to read the log failed. */
  #isUnreadable = false;

  /** @param liveLog returns `null` if the room is not live */
  constructor(liveLog: () => UpdateLog | null) {
    this.#liveLog = liveLog;
  }

  /** Call when an update was appended to the log. */
  add(update: CheckedUpdate, number: number): void {
    this.#deletedBytes = null;
    const source = this.#liveLog()?.createSource({ number, byteLength: update.bytes.byteLength });
    if (source !== undefined) this.#index?.add(update, source);
  }

  /** Call when the log was replaced or rewritten. */
  clear(): void {
    this.#index = null;
    this.#deletedBytes = null;
  }

  /**
   * Reads the log again if the last attempt failed: only readable content may be acknowledged.
   * @throws if the log cannot be read
   */
  assertReadable(): void {
    if (this.#isUnreadable) this.#loadIndex();
  }

  /** The whole content. */
  readAll(): Content {
    const { pieces, deleteRanges } = this.#loadIndex();
    return this.#trackReading(createContent(pieces, deleteRanges));
  }

  /** By client, the clock of its first gap. */
  get stateVector(): ReadonlyMap<number, number> {
    return this.#loadIndex().stateVector;
  }

  /** Sorted by clock, neighbours joined. */
  get deleteRanges(): ClockRanges {
    return this.#loadIndex().deleteRanges;
  }

  /** Counts the bytes of deleted content in updates up to a number, as precisely as `deleted-bytes.ts` describes. */
  countDeletedBytes(through: number, walkBytes: number): number {
    if (this.#deletedBytes?.through !== through) {
      this.#deletedBytes = { through, bytes: countDeletedBytes(this.#loadIndex(), through, walkBytes) };
    }
    return this.#deletedBytes.bytes;
  }

  /** The content that a client with this state vector lacks, with all deletions: a state vector does not cover these. */
  readMissing(stateVector: ReadonlyMap<number, number>): Content {
    const { pieces, deleteRanges } = this.#loadIndex();
    return this.#trackReading(createContent(clipPieces(pieces, 'after', stateVector), deleteRanges));
  }

  /**
   * The same in parts of about `TARGET_PART_BYTES`, unless one update is larger. Stop when the log's version changes.
   * @param after omits updates up to this number
   */
  readMissingParts(stateVector: ReadonlyMap<number, number>, after: number): Generator<ContentPart> {
    return splitContent(this.#loadIndex(), { stateVector, after, partBytes: TARGET_PART_BYTES });
  }

  /** Whether a client with this state vector has no stored content, so that it lacks the same as every new client. */
  hasNothingStored(stateVector: ReadonlyMap<number, number>): boolean {
    const { pieces } = this.#loadIndex();
    return [...stateVector.keys()].every((client) => !pieces.has(client));
  }

  /** Creates the snapshot of the present content. */
  createSnapshot(): Snapshot {
    const { stateVector, deleteRanges } = this.#loadIndex();
    return { stateVector, deleteRanges };
  }

  /** The content at the time of a snapshot. */
  readAt({ stateVector, deleteRanges }: Snapshot): Content {
    return this.#trackReading(
      createContent(clipPieces(this.#loadIndex().pieces, 'before', stateVector), deleteRanges),
    );
  }

  /** The update without structs that are stored already. */
  withoutStored(update: CheckedUpdate): CheckedUpdate {
    if (update.structCount === 0) return update;
    const added = this.#loadIndex().findNewPieces(update, createBytesSource(update.bytes));
    return added === null
      ? update
      : readTrustedUpdate(readContentBytes(createContent(added, update.deleteRanges)));
  }

  /** Whether the whole update is stored already. */
  contains(update: CheckedUpdate): boolean {
    const index = this.#loadIndex();
    const hasInserts =
      update.structCount === 0 || index.findNewPieces(update, createBytesSource(update.bytes))?.size === 0;
    return hasInserts && areRangesCovered(update.deleteRanges, index.deleteRanges);
  }

  /** Whether these delete ranges are stored. May answer `false` if the log was not read yet. */
  hasDeleteRanges(deletions: ClockRanges): boolean {
    return this.#index?.hasDeleteRanges(deletions) ?? false;
  }

  /** Whether a client is being sent content, which a compaction would abort. */
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
