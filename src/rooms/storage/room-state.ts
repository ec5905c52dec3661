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
 * What a room stores, and what can be asked of it: its life (absent, live, deleted), its log, what the log says.
 * Knows nothing of sockets, HTTP or alarms. Every method that writes does so within one turn of the event loop, so that
 * the platform commits it whole or not at all.
 */
export class RoomState {
  /** What the log says. */
  readonly content: LogContent;
  readonly damage: Damage;
  /** Whether the content of what is deleted goes at compaction. */
  readonly collectsGarbage: boolean;
  readonly #storage: DurableObjectStorage;
  readonly #log: UpdateLog;
  readonly #former: FormerClients;
  readonly #compaction: LogCompaction;
  readonly #refusals: LastRefusal;
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
    this.#refusals = new LastRefusal(storage.kv, damage);
    this.collectsGarbage = options.collectGarbage;
    this.#record = readRecord(storage, damage, () => this.#hasLog());
    if (this.status === 'live' && !this.#hasLog()) {
      damage.noteRecord('update_log', new Error('missing'));
      // Clients that still have the content bring it back: they answer the room's step 1.
      this.#log.create();
    }
  }

  get status(): 'absent' | 'live' | 'deleted' {
    if (this.#record === undefined) return 'absent';
    return this.#record.deletedAt === null ? 'live' : 'deleted';
  }

  /** Of the present incarnation or, in a deleted room, of the last; 0 where there was none. */
  get createdAt(): number {
    return this.#record?.createdAt ?? 0;
  }

  /** The name of the incarnation that `createdAt` is of. */
  get incarnation(): string {
    return getIncarnation({ createdAt: this.createdAt, incarnation: this.#record?.incarnation });
  }

  /** Unix milliseconds; `null` where the room is not deleted. */
  get deletedAt(): number | null {
    return this.#record?.deletedAt ?? null;
  }

  /** Unix milliseconds of the newest update, of the creation where there is none. */
  get lastEditAt(): number {
    return this.#liveLog()?.getNewest()?.at ?? this.createdAt;
  }

  /** In bytes, as SQLite has it now, the writes of this turn included. */
  get storageBytes(): number {
    return this.#storage.sql.databaseSize;
  }

  /** The number of the newest update in the log; 0 where there is none. */
  get newestNumber(): number {
    return this.#liveLog()?.getNewest()?.number ?? 0;
  }

  /** How many updates the log has. Reads none. */
  get updateCount(): number {
    return this.#liveLog()?.countUpdates() ?? 0;
  }

  /** What the updates' bytes are. Reads no more of them than `MAX_SCANNED_BYTES`, beside the index. */
  storedBytes(): Pick<StoredBytes, 'content' | 'deleted' | 'log'> {
    const log = this.#liveLog();
    if (log === null) return { content: 0, deleted: 0, log: 0 };
    const { through } = this.#compaction;
    const uncompacted = log.getSizeAfter(through).bytes;
    const deleted = this.content.countDeletedBytes(through, MAX_SCANNED_BYTES);
    return { content: log.getSizeAfter(0).bytes - uncompacted - deleted, deleted, log: uncompacted };
  }

  /** The last one that replaced anything in this incarnation. */
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
   * Brings an absent or deleted room to life, empty. A live one stays as it is.
   * @param incarnation the name of its new incarnation
   */
  create(now: number, incarnation: string = createIncarnation()): void {
    if (this.status === 'live') return;
    this.#storage.transactionSync(() => {
      this.#log.create();
      // Later than every earlier incarnation, whatever the clock does: the registry orders them by it.
      const createdAt = Math.max(now, this.createdAt + 1);
      this.#writeRecord({ createdAt, incarnation, deletedAt: null });
    });
  }

  /**
   * Removes everything but what keeps old clients from bringing it back: that it was, and which clients wrote it.
   * @returns whether the alarm is gone as well
   */
  delete(now: number): boolean {
    if (this.status !== 'live') return false;
    const { createdAt, incarnation } = this;
    const record: RoomRecord = { createdAt, incarnation, deletedAt: now };
    const former = this.#former.collect(this.#readableUpdates());
    const isSound = isFileSound(this.#storage.sql);
    if (isSound) {
      this.#storage.transactionSync(() => {
        eraseAllBut(this.#storage, [RECORD_KEY, FORMER_CLIENTS_KEY]);
        this.#former.store(former);
        this.#writeRecord(record);
      });
    } else {
      console.error({ event: 'damaged_room_emptied', error: 'its file is replaced by a new one' });
      // Not part of a transaction: a crash right after it takes the marker of the deletion, too.
      void this.#storage.deleteAll();
      this.#former.store(former);
      this.#writeRecord(record);
    }
    this.#forgetContent();
    this.#compaction.forget();
    this.#refusals.forget();
    this.damage.clear();
    return !isSound;
  }

  /** Whether whoever sends this has content of an earlier incarnation, which was deleted. */
  hasFormerContent({ stateVector, update }: { stateVector?: Uint8Array; update?: CheckedUpdate }): boolean {
    return (
      (stateVector !== undefined && this.#former.occurInStateVector(stateVector)) ||
      (update !== undefined && this.#former.occurInUpdate(update.bytes))
    );
  }

  /** From now on, content of earlier incarnations is content like any other. */
  readmitFormerContent(): void {
    this.#former.clear();
  }

  /**
   * Stores an update, unless it provably says nothing new.
   * @returns what was stored of it; `null` for nothing
   */
  append(update: CheckedUpdate, now: number): CheckedUpdate | null {
    // A client that dropped what was deleted may send it back hollow: that is not worth its space. Nor is a large update
    // that says again what is here. Both are rare: the answer to a step 1 holds only what the room lacks.
    const isSuspect = update.contentless > 0 || update.bytes.byteLength >= MIN_DEDUPLICATED_BYTES;
    const news = isSuspect ? this.content.withoutStored(update) : update;
    if (this.isStored(news)) return null;
    this.#compaction.countEdit(news);
    const number = this.#log.append(news, now);
    this.content.add(news, number);
    return news;
  }

  /**
   * Whether an update carries nothing but deletions that are stored already. That is what every client with a synced
   * document answers to a step 1: a state vector cannot say which deletions one has, so all are sent each time. Only
   * looked into where the log was read, as it is when a client has just joined.
   */
  isStored({ structCount, deleteRanges }: CheckedUpdate): boolean {
    if (structCount > 0) return false;
    if (deleteRanges.size === 0) return true;
    return this.content.hasDeletions(deleteRanges);
  }

  /** How many runs and ranges of deletions there are. Reads no update. */
  get rangeCount(): number {
    return this.status === 'live' ? this.#compaction.rangeCount : 0;
  }

  /** An edit was refused for lack of space, which a compaction may make. */
  recordRefusal(refusal: SpaceRefusal): void {
    this.#compaction.requestSoon();
    if (this.status === 'live') this.#refusals.record(refusal);
  }

  /** The last edit that was refused for lack of space. */
  get lastRefusal(): SpaceRefusal | null {
    return this.status === 'live' ? this.#refusals.value : null;
  }

  /** What a compaction may gain at most, by estimate: what came since the last one, and what is dropped. */
  estimateCompactionGain(): { bytes: number; entries: number } {
    const log = this.#liveLog();
    if (log === null) return { bytes: 0, entries: 0 };
    const dropped = this.collectsGarbage ? this.content.countDeletedBytes(Infinity, MAX_SCANNED_BYTES) : 0;
    const { bytes, entries } = log.getSizeAfter(this.#compaction.compactedThrough);
    return { bytes: bytes + dropped, entries };
  }

  /** Names the log as it was written: changes where updates were taken away or written again, not where one was added. */
  get logVersion(): string {
    return `${this.incarnation} ${this.#log.generation}`;
  }

  /**
   * Names the content: equal while nothing was stored. Weak, because compaction keeps the content but not the bytes.
   */
  etag(): string {
    return `W/"${this.incarnation}-${this.newestNumber.toString(36)}"`;
  }

  /** Whether the log is so long that it should be compacted at once, or long enough for a quiet moment, or short. */
  getCompactionUrgency(): 'now' | 'when quiet' | 'no' {
    return this.status === 'live' ? this.#compaction.getUrgency() : 'no';
  }

  /** When the room will have been quiet long enough for its compaction, Unix milliseconds; `null`: it does not wait for that. */
  getQuietCompactionAt(): number | null {
    return this.getCompactionUrgency() === 'when quiet' ? this.lastEditAt + QUIET_AFTER_MS : null;
  }

  /** Whether a compaction might gain anything: something came since one was tried. */
  get hasUncompactedUpdates(): boolean {
    return this.status === 'live' && this.#compaction.hasUncompactedUpdates;
  }

  /** Marks that a compaction is under way. */
  async recordCompactionStart(): Promise<void> {
    await this.#compaction.recordStart();
  }

  /**
   * Replaces updates of the log by fewer that say the same, where those are no larger.
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
      // Everything stands elsewhere now.
      this.#forgetContent();
    }
  }

  /** The size as SQLite has it now, the writes of this turn included. */
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

  #forgetContent(): void {
    this.content.clear();
    this.#log.clearCache();
  }

  /** Those that can be read. A deletion must not depend on being able to read what it deletes. */
  *#readableUpdates(): Generator<Uint8Array> {
    try {
      for (const { update } of readUpdates(this.#log, 0)) yield update.bytes;
    } catch (error) {
      console.error({ event: 'deleted_updates_unreadable', error: describeError(error) });
    }
  }
}
