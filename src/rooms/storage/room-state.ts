import type { Measurement } from '../../domain/instance.ts';
import type { Damage } from './damage.ts';
import { eraseAllBut, isFileSound } from './erase.ts';
import { FORMER_CLIENTS_KEY, FormerClients } from './former-clients.ts';
import { createIncarnation, getIncarnation } from '../../domain/incarnation.ts';
import type { LastCompaction, StoredBytes } from '../contract/description.ts';
import { MAX_SCANNED_BYTES, MIN_DEDUPLICATED_BYTES, QUIET_AFTER_MS } from '../limits/storage-limits.ts';
import { LogCompaction } from './log-compaction.ts';
import { LogContent } from './log-content.ts';
import type { CheckedUpdate } from '../../yjs/read-update.ts';
import { readUpdates } from './read-updates.ts';
import type { SpaceRefusal } from '../contract/description.ts';
import { LastRefusal } from './last-refusal.ts';
import { RECORD_KEY, type RoomRecord, readRecord } from './room-record.ts';
import { hasCountFields, readStoredValueOr } from './stored-value.ts';
import { UpdateLog } from './update-log.ts';
import { describeError } from '../../lib/log-text.ts';

const LAST_COMPACTION_KEY = 'last compaction';

/**
 * The stored state of a room: its status, its log and the log's content. Independent of sockets, HTTP and alarms. Each
 * method writes within one turn of the event loop, so that the platform commits all of its writes or none.
 */
export class RoomState {
  /** The content of the log. */
  readonly content: LogContent;
  readonly damage: Damage;
  /** Whether compaction drops deleted content. */
  readonly collectsGarbage: boolean;
  readonly #storage: DurableObjectStorage;
  readonly #log: UpdateLog;
  readonly #former: FormerClients;
  readonly #compaction: LogCompaction;
  readonly #lastRefusal: LastRefusal;
  #record: RoomRecord | undefined;
  #lastMeasuredAt = 0;

  constructor(storage: DurableObjectStorage, options: { collectGarbage: boolean; damage: Damage }) {
    const { damage } = options;
    this.damage = damage;
    this.#storage = storage;
    this.#log = new UpdateLog(storage.sql, damage);
    this.content = new LogContent(() => this.#liveLog());
    this.#former = new FormerClients(storage.kv, damage);
    this.#compaction = new LogCompaction(storage, this.#log);
    this.#lastRefusal = new LastRefusal(storage.kv, damage);
    this.collectsGarbage = options.collectGarbage;
    this.#record = readRecord(storage, damage, () => this.#hasLog());
    if (this.status === 'live' && !this.#hasLog()) {
      damage.noteRecord('update_log', new Error('missing'));
      // Clients that still have the content send it again: they answer the room's step 1.
      this.#log.create();
    }
  }

  get status(): 'absent' | 'live' | 'deleted' {
    if (this.#record === undefined) return 'absent';
    return this.#record.deletedAt === null ? 'live' : 'deleted';
  }

  /** The creation time of the present or, in a deleted room, last incarnation, Unix milliseconds; 0 if there was none. */
  get createdAt(): number {
    return this.#record?.createdAt ?? 0;
  }

  /** The id of that incarnation. */
  get incarnation(): string {
    return getIncarnation({ createdAt: this.createdAt, incarnation: this.#record?.incarnation });
  }

  /** Unix milliseconds; `null` if the room is not deleted. */
  get deletedAt(): number | null {
    return this.#record?.deletedAt ?? null;
  }

  /** The time of the newest update or, if there is none, of the creation, Unix milliseconds. */
  get lastEditAt(): number {
    return this.#liveLog()?.getNewest()?.at ?? this.createdAt;
  }

  /** Bytes in SQLite, including the writes of this turn of the event loop. */
  get storageBytes(): number {
    return this.#storage.sql.databaseSize;
  }

  /** The number of the newest update in the log; 0 if there is none. */
  get newestNumber(): number {
    return this.#liveLog()?.getNewest()?.number ?? 0;
  }

  /** Updates in the log. Reads none of them. */
  get updateCount(): number {
    return this.#liveLog()?.countUpdates() ?? 0;
  }

  /** The parts of the updates' bytes. Reads up to `MAX_SCANNED_BYTES`, and the log if it is not indexed yet. */
  storedBytes(): Pick<StoredBytes, 'content' | 'deleted' | 'log'> {
    const log = this.#liveLog();
    if (log === null) return { content: 0, deleted: 0, log: 0 };
    const { contentThrough } = this.#compaction;
    const uncompacted = log.getSizeAfter(contentThrough).bytes;
    const deleted = this.content.countDeletedBytes(contentThrough, MAX_SCANNED_BYTES);
    return { content: log.getSizeAfter(0).bytes - uncompacted - deleted, deleted, log: uncompacted };
  }

  /** The last compaction of this incarnation that replaced anything. */
  get lastCompaction(): LastCompaction | null {
    const { kv } = this.#storage;
    return readStoredValueOr<LastCompaction | null>(
      kv,
      LAST_COMPACTION_KEY,
      (value) => hasCountFields(value, 'at', 'bytesBefore', 'bytesAfter'),
      this.damage,
      null,
    );
  }

  /**
   * Creates an absent room or recreates a deleted one, empty. A live room does not change.
   * @param incarnation the id of the new incarnation
   */
  create(now: number, incarnation: string = createIncarnation()): void {
    if (this.status === 'live') return;
    this.#storage.transactionSync(() => {
      this.#log.create();
      // Later than every earlier incarnation, even if the clock went back: the registry orders incarnations by it.
      const createdAt = Math.max(now, this.createdAt + 1);
      this.#writeRecord({ createdAt, incarnation, deletedAt: null });
    });
  }

  /**
   * Deletes everything except the deletion marker and the ids of former clients.
   * @returns whether the alarm was deleted as well
   */
  delete(now: number): boolean {
    if (this.status !== 'live') return false;
    const { createdAt, incarnation } = this;
    const record: RoomRecord = { createdAt, incarnation, deletedAt: now };
    const former = this.#former.collectWith(this.#readableUpdates());
    const isSound = isFileSound(this.#storage.sql);
    if (isSound) {
      this.#storage.transactionSync(() => {
        eraseAllBut(this.#storage, [RECORD_KEY, FORMER_CLIENTS_KEY]);
        this.#former.store(former);
        this.#writeRecord(record);
      });
    } else {
      console.error({ event: 'damaged_room_emptied', error: 'its file is replaced by a new one' });
      // Not transactional: a crash right after it loses the deletion marker.
      void this.#storage.deleteAll();
      this.#former.store(former);
      this.#writeRecord(record);
    }
    this.#clearCaches();
    this.#compaction.clear();
    this.#lastRefusal.clear();
    this.damage.clear();
    return !isSound;
  }

  /** Whether a state vector or an update has content of a deleted incarnation. */
  hasFormerContent({ stateVector, update }: { stateVector?: Uint8Array; update?: CheckedUpdate }): boolean {
    return (
      (stateVector !== undefined && this.#former.occurInStateVector(stateVector)) ||
      (update !== undefined && this.#former.occurInUpdate(update.bytes))
    );
  }

  /** Accepts content of deleted incarnations from now on. */
  readmitFormerContent(): void {
    this.#former.clear();
  }

  /**
   * Stores an update unless it provably has nothing new.
   * @returns the stored update; `null` if nothing was stored
   */
  append(update: CheckedUpdate, now: number): CheckedUpdate | null {
    // Contentless structs, whose content the client dropped, and large updates may repeat what is stored. Both are rare: a
    // step 2 has only what the room lacks.
    const mayRepeat = update.contentless > 0 || update.bytes.byteLength >= MIN_DEDUPLICATED_BYTES;
    const added = mayRepeat ? this.content.withoutStored(update) : update;
    if (this.isStored(added)) return null;
    this.#compaction.countEdit(added);
    const number = this.#log.append(added, now);
    this.content.add(added, number);
    return added;
  }

  /**
   * Whether an update has only deletions that are stored already, as the step 2 of every synced client: a state vector does
   * not cover deletions, so clients send all of them each time. May answer `false` if the log was not read yet.
   */
  isStored({ structCount, deleteRanges }: CheckedUpdate): boolean {
    if (structCount > 0) return false;
    if (deleteRanges.size === 0) return true;
    return this.content.hasDeleteRanges(deleteRanges);
  }

  /** Structs and delete ranges in the log. Reads no update. */
  get rangeCount(): number {
    return this.status === 'live' ? this.#compaction.rangeCount : 0;
  }

  /** Records that an edit was refused because the room is full, and requests a compaction. */
  recordRefusal(refusal: SpaceRefusal): void {
    this.#compaction.requestSoon();
    if (this.status === 'live') this.#lastRefusal.record(refusal);
  }

  /** The last edit that was refused because the room was full. */
  get lastRefusal(): SpaceRefusal | null {
    return this.status === 'live' ? this.#lastRefusal.value : null;
  }

  /** The most that a compaction can gain: uncompacted updates and dropped content. */
  estimateCompactionGain(): { bytes: number; rangeCount: number } {
    const log = this.#liveLog();
    if (log === null) return { bytes: 0, rangeCount: 0 };
    const dropped = this.collectsGarbage ? this.content.countDeletedBytes(Infinity, MAX_SCANNED_BYTES) : 0;
    const { bytes, rangeCount } = log.getSizeAfter(this.#compaction.compactedThrough);
    return { bytes: bytes + dropped, rangeCount };
  }

  /** Changes when updates are removed or rewritten, not when one is appended. */
  get logVersion(): string {
    return `${this.incarnation} ${this.#log.generation}`;
  }

  /** Changes with the content. Weak, because compaction keeps the content but not the bytes. */
  getEtag(): string {
    return `W/"${this.incarnation}-${this.newestNumber.toString(36)}"`;
  }

  /** When the log should be compacted. */
  getCompactionUrgency(): 'now' | 'when quiet' | 'no' {
    return this.status === 'live' ? this.#compaction.getUrgency() : 'no';
  }

  /** The time of the compaction of a room that stays quiet, Unix milliseconds; `null`: none is due when quiet. */
  getQuietCompactionAt(): number | null {
    return this.getCompactionUrgency() === 'when quiet' ? this.lastEditAt + QUIET_AFTER_MS : null;
  }

  /** Whether a compaction may gain anything: there are updates since the last one began. */
  get hasUncompactedUpdates(): boolean {
    return this.status === 'live' && this.#compaction.hasUncompactedUpdates;
  }

  /** Stores that a compaction begins. Await it before `compact`. */
  async recordCompactionStart(): Promise<void> {
    await this.#compaction.recordStart();
  }

  /**
   * Replaces updates of the log by fewer with the same content, if those are not larger.
   * @returns whether anything was replaced
   */
  compact(): boolean {
    if (this.status !== 'live') return false;
    const bytesBefore = this.storageBytes;
    try {
      const replaced = this.#compaction.run(this.collectsGarbage ? this.content.deleteRanges : null);
      if (replaced) {
        const last: LastCompaction = { at: Date.now(), bytesBefore, bytesAfter: this.storageBytes };
        this.#storage.kv.put(LAST_COMPACTION_KEY, last);
      }
      return replaced;
    } finally {
      // Positions in the log have changed.
      this.#clearCaches();
    }
  }

  /** Measures `storageBytes`. Each measurement is later than the previous one. */
  measure(now: number): Measurement {
    this.#lastMeasuredAt = Math.max(now, this.#lastMeasuredAt + 1);
    return { storageBytes: this.storageBytes, measuredAt: this.#lastMeasuredAt };
  }

  #writeRecord(record: RoomRecord): void {
    this.#storage.kv.put(RECORD_KEY, record);
    this.#record = record;
  }

  #hasLog(): boolean {
    return this.#log.exists;
  }

  #liveLog(): UpdateLog | null {
    return this.status === 'live' ? this.#log : null;
  }

  #clearCaches(): void {
    this.content.clear();
    this.#log.clearCache();
  }

  /** The updates up to the first that fails: a deletion must not depend on reading what it deletes. */
  *#readableUpdates(): Generator<Uint8Array> {
    try {
      for (const { update } of readUpdates(this.#log, 0)) yield update.bytes;
    } catch (error) {
      console.error({ event: 'deleted_updates_unreadable', error: describeError(error) });
    }
  }
}
