import * as Y from 'yjs';
import type { Measurement } from '../instance.ts';
import { compact } from './compaction.ts';
import { eraseAllBut } from './erase.ts';
import { FORMER_CLIENTS_KEY, FormerClients } from './former-clients.ts';
import {
  COMPACT_AFTER_BYTES,
  COMPACT_AFTER_UPDATES,
  COMPACT_BYTES_PER_UPDATE,
  COMPACT_QUIET_AFTER_UPDATES,
  COMPACT_QUIET_BYTES_PER_UPDATE,
} from './limits.ts';
import { type CheckedUpdate, type Ranges, readOwnUpdate } from './read-update.ts';
import { UpdateLog } from './update-log.ts';
import { areKnown, diff, mergeAll } from './updates.ts';

/** What a room remembers of itself beside its updates. With `FormerClients`, all that is left of a deleted one. */
interface RoomRecord {
  /** Unix milliseconds; grows with each incarnation. */
  readonly createdAt: number;
  /** Unix milliseconds; `null` while the room lives. */
  readonly deletedAt: number | null;
}

const RECORD_KEY = 'room';

/** How much there was after the compacted update when a compaction began that has not ended: a `Size`. */
const COMPACTION_KEY = 'compaction';

interface Size {
  readonly updates: number;
  readonly bytes: number;
}

/** The log after the compacted update. */
interface Tail extends Size {
  /** So many updates are too many. */
  readonly bound: number;
  /** So many are too many in a quiet room. */
  readonly quietBound: number;
  /** So many bytes are too many. */
  readonly bytesBound: number;
}

/** After a compaction of so much came to nothing: not before there is twice as much. */
const backOff = (tail: Tail, tried: Size): Tail => ({
  ...tail,
  bound: Math.max(tail.bound, 2 * tried.updates),
  quietBound: Math.max(tail.quietBound, 2 * tried.updates),
  bytesBound: Math.max(tail.bytesBound, 2 * tried.bytes),
});

/** The merged state as it was when the log's newest number was `number`. */
interface CachedState {
  readonly number: number;
  readonly bytes: Uint8Array;
  stateVector: Uint8Array | null;
  deletions: Ranges | null;
}

/**
 * What a room stores, and what can be asked of it: its life (absent, live, deleted), its log, its state as one update.
 * Knows nothing of sockets, HTTP or alarms. Every method that writes does so within one turn of the event loop, so that
 * the platform commits it whole or not at all.
 */
export class RoomState {
  readonly #storage: DurableObjectStorage;
  readonly #log: UpdateLog;
  readonly #former: FormerClients;
  readonly #collectGarbage: boolean;
  #record: RoomRecord | undefined;
  #cache: CachedState | null = null;
  /** `null` until somebody needs it. */
  #tail: Tail | null = null;
  #lastMeasuredAt = 0;

  constructor(storage: DurableObjectStorage, options: { collectGarbage: boolean }) {
    this.#storage = storage;
    this.#log = new UpdateLog(storage.sql);
    this.#former = new FormerClients(storage.kv);
    this.#collectGarbage = options.collectGarbage;
    this.#record = storage.kv.get<RoomRecord>(RECORD_KEY);
  }

  get life(): 'absent' | 'live' | 'deleted' {
    if (this.#record === undefined) return 'absent';
    return this.#record.deletedAt === null ? 'live' : 'deleted';
  }

  /** Of the present incarnation or, in a deleted room, of the last; 0 where there was none. */
  get createdAt(): number {
    return this.#record?.createdAt ?? 0;
  }

  /** Unix milliseconds of the newest update, of the creation where there is none. */
  get lastEditAt(): number {
    return this.#liveLog()?.newest()?.at ?? this.createdAt;
  }

  /** In bytes, as SQLite has it now, the writes of this turn included. */
  get storageBytes(): number {
    return this.#storage.sql.databaseSize;
  }

  /** The number of the newest update in the log; 0 where there is none. */
  get newestNumber(): number {
    return this.#liveLog()?.newest()?.number ?? 0;
  }

  /** Brings an absent or deleted room to life, empty. A live one stays as it is. */
  create(now: number): void {
    if (this.life === 'live') return;
    this.#storage.transactionSync(() => {
      this.#log.create();
      // Later than every earlier incarnation, whatever the clock does: the registry tells them apart by it.
      this.#remember({ createdAt: Math.max(now, this.createdAt + 1), deletedAt: null });
    });
  }

  /** Removes everything but what keeps old clients from bringing it back: that it was, and which clients wrote it. */
  delete(now: number): void {
    if (this.life !== 'live') return;
    this.#storage.transactionSync(() => {
      this.#former.remember(this.#log.each(0));
      eraseAllBut(this.#storage, [RECORD_KEY, FORMER_CLIENTS_KEY]);
      this.#remember({ createdAt: this.createdAt, deletedAt: now });
    });
    this.#cache = null;
    this.#tail = null;
  }

  /** Whether whoever sends this has content of an earlier incarnation, which was deleted. */
  isFormer({ stateVector, update }: { stateVector?: Uint8Array; update?: CheckedUpdate }): boolean {
    return (
      (stateVector !== undefined && this.#former.areInStateVector(stateVector)) ||
      (update !== undefined && this.#former.areInUpdate(update.bytes))
    );
  }

  /** From now on, content of earlier incarnations is content like any other. */
  readmitFormer(): void {
    this.#former.forget();
  }

  /**
   * An update without what is stored already. A client over HTTP may send all it has each time.
   * Reads the document.
   */
  withoutKnown(update: CheckedUpdate): CheckedUpdate {
    if (update.inserts === 0) return update;
    const news = diff(update.bytes, this.stateVector());
    // What is cut need not be shorter: a cut item names its neighbour, and a hollow one has no content to lose.
    return update.hollow > 0 || news.byteLength < update.bytes.byteLength ? readOwnUpdate(news) : update;
  }

  /**
   * Stores an update, unless it provably says nothing new.
   * @returns what was stored of it; `null` for nothing
   */
  append(update: CheckedUpdate, now: number): CheckedUpdate | null {
    // A client that dropped what was deleted may send it back hollow, and `Y.mergeUpdates` prefers either to the other:
    // then versions would miss what the room still has. Rare: the answer to a step 1 holds only what the room lacks.
    const news = update.hollow > 0 ? this.withoutKnown(update) : update;
    if (this.#isKnown(news)) return null;
    const tail = (this.#tail ??= this.#readTail());
    this.#log.append(news.bytes, now);
    this.#tail = { ...tail, updates: tail.updates + 1, bytes: tail.bytes + news.bytes.byteLength };
    return news;
  }

  /** Everything stored, as one update. */
  state(): Uint8Array {
    return this.#cached().bytes;
  }

  stateVector(): Uint8Array {
    const cache = this.#cached();
    return (cache.stateVector ??= Y.encodeStateVectorFromUpdate(cache.bytes));
  }

  /** What a client with this state vector lacks. */
  diff(stateVector: Uint8Array): Uint8Array {
    return diff(this.#cached().bytes, stateVector);
  }

  /**
   * Names the content: equal while nothing was stored. Weak, because compaction keeps the content but not the bytes.
   */
  etag(): string {
    return `W/"${this.createdAt.toString(36)}-${this.newestNumber.toString(36)}"`;
  }

  /** Whether the log is so long that it should be compacted at once, or long enough for a quiet moment, or short. */
  compactionDue(): 'now' | 'when quiet' | 'no' {
    if (this.life !== 'live') return 'no';
    const { updates, bytes, bound, quietBound, bytesBound } = (this.#tail ??= this.#readTail());
    if (updates >= bound || bytes >= bytesBound) return 'now';
    return updates >= quietBound ? 'when quiet' : 'no';
  }

  /**
   * Marks that a compaction is under way, and stores that before it begins: one that takes more than there is takes the
   * object with it, and must not be tried again as soon as the object is back.
   */
  async announceCompaction(): Promise<void> {
    const { updates, bytes } = (this.#tail ??= this.#readTail());
    this.#storage.kv.put<Size>(COMPACTION_KEY, { updates, bytes });
    await this.#storage.sync();
  }

  /**
   * Replaces the log by one update that says the same, where that is smaller.
   * @returns whether it did
   */
  compact(): boolean {
    const log = this.#liveLog();
    const newest = log?.newest();
    this.#storage.kv.delete(COMPACTION_KEY);
    if (!log || !newest) return false;
    // Should it come to nothing, or throw, then it is not tried again at the very next edit.
    this.#tail = backOff((this.#tail ??= this.#readTail()), this.#tail);
    const merged = compact(log.after(0), { collectGarbage: this.#collectGarbage });
    if (merged === null) return false;
    this.#storage.transactionSync(() => log.replaceThrough(newest.number, merged, newest.at));
    this.#cache = { number: newest.number, bytes: merged, stateVector: null, deletions: null };
    this.#tail = null;
    return true;
  }

  /** The size as SQLite has it now, the writes of this turn included. */
  measure(now: number): Measurement {
    this.#lastMeasuredAt = Math.max(now, this.#lastMeasuredAt + 1);
    return { storageBytes: this.storageBytes, measuredAt: this.#lastMeasuredAt };
  }

  #remember(record: RoomRecord): void {
    this.#storage.kv.put(RECORD_KEY, record);
    this.#record = record;
  }

  /**
   * Whether an update carries nothing but deletions that are stored already. That is what every client with a synced
   * document answers to a step 1: a state vector cannot say which deletions one has, so all are sent each time. Only
   * looked into where the state is at hand, as it is when a client has just joined.
   */
  #isKnown({ inserts, deletions }: CheckedUpdate): boolean {
    if (inserts > 0) return false;
    if (deletions.size === 0) return true;
    const cache = this.#cache;
    return cache !== null && areKnown(deletions, (cache.deletions ??= readOwnUpdate(cache.bytes).deletions));
  }

  #readTail(): Tail {
    const compacted = this.#log.oldest();
    const tail = {
      updates: Math.max(0, this.newestNumber - compacted.number),
      bytes: this.#log.bytesAfter(compacted.number),
      bound: Math.max(COMPACT_AFTER_UPDATES, Math.ceil(compacted.bytes / COMPACT_BYTES_PER_UPDATE)),
      quietBound: Math.max(
        COMPACT_QUIET_AFTER_UPDATES,
        Math.ceil(compacted.bytes / COMPACT_QUIET_BYTES_PER_UPDATE),
      ),
      bytesBound: Math.max(COMPACT_AFTER_BYTES, compacted.bytes),
    };
    const diedAt = this.#storage.kv.get<Size>(COMPACTION_KEY);
    return diedAt === undefined ? tail : backOff(tail, diedAt);
  }

  #liveLog(): UpdateLog | null {
    return this.life === 'live' ? this.#log : null;
  }

  #cached(): CachedState {
    const log = this.#liveLog();
    const number = log?.newest()?.number ?? 0;
    if (this.#cache?.number === number) return this.#cache;
    const known = this.#cache === null ? [] : [this.#cache.bytes];
    const bytes = mergeAll([...known, ...(log?.after(this.#cache?.number ?? 0) ?? [])]);
    this.#cache = { number, bytes, stateVector: null, deletions: null };
    return this.#cache;
  }
}
