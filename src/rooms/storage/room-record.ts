import type { Damage } from './damage.ts';
import { createIncarnation } from '../../domain/incarnation.ts';
import { isCount, isRecord, readStoredValue } from './stored-value.ts';
import { describeError } from '../../lib/log-text.ts';

/** The record of a room. With `FormerClients`, it is all that is left of a deleted room. */
export interface RoomRecord {
  /** Unix milliseconds; grows with each incarnation. */
  readonly createdAt: number;
  /** Missing in older records, whose incarnation is the creation time. */
  readonly incarnation?: string;
  /** Unix milliseconds; `null` while the room is live. */
  readonly deletedAt: number | null;
  /** Unix milliseconds at which an unreadable record was replaced by this one. */
  readonly repairedAt?: number;
}

/** The key in the room's key-value storage. */
export const RECORD_KEY = 'room';

/**
 * Reads the record. If it is damaged or missing and a log exists, the room is live and gets a new record with a new
 * incarnation. Without a log the room is absent, because it may not have been deleted: clients keep their copies.
 */
export function readRecord(
  storage: DurableObjectStorage,
  damage: Damage,
  hasLog: () => boolean,
): RoomRecord | undefined {
  const stored = readStoredValue(storage.kv, RECORD_KEY, isRoomRecord, damage);
  if (stored !== undefined && stored !== 'unreadable') {
    if (stored.repairedAt !== undefined) damage.addLoggedRecord(RECORD_KEY);
    return stored;
  }
  if (!hasLog()) return undefined;
  if (stored === undefined) damage.noteRecord(RECORD_KEY, new Error('missing'));
  const now = Date.now();
  const record: RoomRecord = {
    createdAt: now,
    incarnation: createIncarnation(),
    deletedAt: null,
    repairedAt: now,
  };
  try {
    storage.kv.put(RECORD_KEY, record);
  } catch (error) {
    // The next instance tries again.
    console.error({ event: 'room_record_not_repaired', error: describeError(error) });
  }
  return record;
}

function isRoomRecord(value: unknown): value is RoomRecord {
  return (
    isRecord(value) &&
    isCount(value['createdAt']) &&
    (value['incarnation'] === undefined || typeof value['incarnation'] === 'string') &&
    (value['deletedAt'] === null || isCount(value['deletedAt']))
  );
}
