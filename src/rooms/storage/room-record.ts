import type { Damage } from './damage.ts';
import { createIncarnation } from '../../domain/incarnation.ts';
import { isCount, isRecord, readStoredValue } from './stored-value.ts';
import { describeError } from '../../lib/log-text.ts';

/** What a room remembers of itself beside its updates. With `FormerClients`, all that is left of a deleted one. */
export interface RoomRecord {
  /** Unix milliseconds; grows with each incarnation. */
  readonly createdAt: number;
  /** Its name; missing in older records, whose name is the time of creation. */
  readonly incarnation?: string;
  /** Unix milliseconds; `null` while the room lives. */
  readonly deletedAt: number | null;
  /** Unix milliseconds at which it was made again because the previous one could not be read. */
  readonly repairedAt?: number;
}

/** In the room's key-value storage. */
export const RECORD_KEY = 'room';

/**
 * The room's record. Where it is damaged or missing, a table of updates says that the room is live. Such a room gets a new
 * record, and with it a new incarnation: the old one's name was in the old record. Without that table nobody knows whether the room
 * was deleted, so it is absent: clients keep their copies.
 * @param hasLog whether there is a table of updates
 */
export function readRecord(
  storage: DurableObjectStorage,
  damage: Damage,
  hasLog: () => boolean,
): RoomRecord | undefined {
  const stored = readStoredValue(storage.kv, RECORD_KEY, isRoomRecord, damage);
  if (stored !== undefined && stored !== 'unreadable') {
    if (stored.repairedAt !== undefined) damage.markAsLogged(RECORD_KEY);
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
    // The next instance finds the same, and tries again.
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
