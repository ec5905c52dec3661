import type { Description, LiveRoom } from '../contract/description.ts';
import { MAX_RANGES_PER_ROOM } from '../limits/room-limits.ts';
import { readPeople } from './people.ts';
import type { Room } from './room.ts';

/**
 * Describes a room. Writes nothing, does not count as a use, and does not create a room. Reads the log once after waking up.
 */
export function describeRoom(room: Room): Description {
  const { state, sockets, versions, limits } = room;
  if (state.status === 'absent') return { kind: 'absent' };
  const { createdAt, deletedAt } = state;
  const now = Date.now();
  const measured = state.measure(now);
  if (deletedAt !== null) return { kind: 'deleted', createdAt, deletedAt, ...measured };
  const stored = state.storedBytes();
  const versionBytes = room.keepsVersions ? versions.storedBytes() : 0;
  const list = room.keepsVersions ? versions.list() : null;
  const { editing, observing, awareness } = sockets.countPresent(now);
  const counted = stored.content + stored.deleted + stored.log + versionBytes;
  return {
    kind: 'live',
    ...measured,
    createdAt,
    incarnation: state.incarnation,
    lastEditAt: state.lastEditAt,
    bytes: { ...stored, versions: versionBytes, overhead: measured.storageBytes - counted },
    updates: state.updateCount,
    entries: state.rangeCount,
    limits: {
      maxRoomBytes: limits.maxRoomBytes,
      maxSockets: limits.maxSockets,
      maxEntries: MAX_RANGES_PER_ROOM,
    },
    connected: { sockets: editing, watching: observing, people: readPeople(awareness) },
    lastCompaction: state.lastCompaction,
    refusal: getRefusal(room),
    damage: state.damage.report,
    versions: list,
  };
}

function getRefusal({ state, limits }: Room): LiveRoom['refusal'] {
  const refusal = state.lastRefusal;
  if (refusal === null) return null;
  const { at, bytes, entries } = refusal;
  const wouldFit =
    state.storageBytes + bytes <= limits.maxRoomBytes && state.rangeCount + entries <= MAX_RANGES_PER_ROOM;
  return wouldFit ? null : { at, bytes };
}
