import type { Description, LiveRoom } from '../contract/description.ts';
import { MAX_RANGES_PER_ROOM } from '../limits/room-limits.ts';
import { readPeople } from './people.ts';
import type { Room } from './room.ts';

/**
 * What a room can tell of itself. Writes nothing, is no use of the room, and brings none into being. Where something is
 * deleted it takes the index of the content, which reads the log once after waking up.
 */
export function describeRoom(room: Room): Description {
  const { state, sockets, versions, limits } = room;
  if (state.status === 'absent') return { kind: 'absent' };
  const { createdAt, deletedAt } = state;
  const now = Date.now();
  const measured = state.measure(now);
  if (deletedAt !== null) return { kind: 'deleted', createdAt, deletedAt, ...measured };
  const stored = state.storedBytes();
  const ofVersions = room.keepsVersions ? versions.storedBytes() : 0;
  const list = room.keepsVersions ? versions.list() : null;
  const { editing, watching, awareness } = sockets.present(now);
  const told = stored.content + stored.deleted + stored.log + ofVersions;
  return {
    kind: 'live',
    ...measured,
    createdAt,
    incarnation: state.incarnation,
    lastEditAt: state.lastEditAt,
    bytes: { ...stored, versions: ofVersions, overhead: measured.storageBytes - told },
    updates: state.updateCount,
    entries: state.rangeCount,
    limits: {
      maxRoomBytes: limits.maxRoomBytes,
      maxSockets: limits.maxSockets,
      maxEntries: MAX_RANGES_PER_ROOM,
    },
    connected: { sockets: editing, watching, people: readPeople(awareness) },
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
