import type { Damage } from './damage.ts';
import {
  COMPACT_AFTER_BYTES,
  COMPACT_AFTER_UPDATES,
  COMPACT_BYTES_PER_UPDATE,
  COMPACT_QUIET_AFTER_UPDATES,
  COMPACT_QUIET_BYTES_PER_UPDATE,
  MAX_UPDATES_BEFORE_COMPACTION,
} from '../limits/storage-limits.ts';
import { hasCountFields, isRecord, readStoredValueOr } from './stored-value.ts';
import type { UpdateLog } from './update-log.ts';

/** The key in the room's key-value storage. */
const KEY = 'compacted';

/** The updates after the last compaction. */
interface UpdatesSize {
  readonly updates: number;
  readonly bytes: number;
}

/** The stored state of a log's compaction. The names of its fields are stored as well. */
export interface CompactionState {
  /** The number of the newest update that the last compaction covered. */
  readonly through: number;
  /** Bytes that the next compaction will rewrite. */
  readonly bytes: number;
  /** Structs and delete ranges in the log through that update. */
  readonly entries: number;
  /**
   * The updates after `through` when a compaction last began and did not end. Stored before it begins: a compaction that
   * runs out of memory resets the object.
   */
  readonly tried: UpdatesSize;
}

export const NO_UPDATES: UpdatesSize = { updates: 0, bytes: 0 };

const NEVER_COMPACTED: CompactionState = { through: 0, bytes: 0, entries: 0, tried: NO_UPDATES };

const isCompactionState = (value: unknown): value is CompactionState =>
  hasCountFields(value, 'through', 'bytes', 'entries') &&
  isRecord(value) &&
  hasCountFields(Reflect.get(value, 'tried'), 'updates', 'bytes');

export const readCompactionState = (kv: SyncKvStorage, damage: Damage): CompactionState =>
  readStoredValueOr(kv, KEY, isCompactionState, damage, NEVER_COMPACTED);

export const storeCompactionState = (kv: SyncKvStorage, state: CompactionState): void => kv.put(KEY, state);

/** The updates after the last compaction, and when they are too many. */
export interface Tail extends UpdatesSize {
  readonly bound: UpdatesSize;
  /** Updates, in a quiet room. */
  readonly quietBound: number;
  /** Updates since a compaction last began. */
  readonly updatesSinceAttempt: number;
  /** Structs and delete ranges in the whole log. */
  readonly rangeCount: number;
}

/** After an attempt that did not end, the next one waits until the tail has twice the size. */
export function readTail(log: UpdateLog, { through, bytes, entries, tried }: CompactionState): Tail {
  const updatesBound = Math.max(COMPACT_AFTER_UPDATES, Math.ceil(bytes / COMPACT_BYTES_PER_UPDATE));
  const quietBound = Math.max(COMPACT_QUIET_AFTER_UPDATES, Math.ceil(bytes / COMPACT_QUIET_BYTES_PER_UPDATE));
  const updates = Math.max(0, (log.getNewest()?.number ?? 0) - through);
  const after = log.getSizeAfter(through);
  return {
    updates,
    updatesSinceAttempt: updates - tried.updates,
    bytes: after.bytes,
    rangeCount: entries + after.rangeCount,
    bound: {
      updates: Math.max(Math.min(updatesBound, MAX_UPDATES_BEFORE_COMPACTION), 2 * tried.updates),
      bytes: Math.max(COMPACT_AFTER_BYTES, bytes, 2 * tried.bytes),
    },
    quietBound: Math.max(quietBound, 2 * tried.updates),
  };
}
