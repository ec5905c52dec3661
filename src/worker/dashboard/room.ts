import type { CurrentUserDeps } from '../../dashboard/http/current-user.ts';
import type { Outcome, RoomDeps, RoomView } from '../../dashboard/room/deps.ts';
import { getRoomRow, type RoomRow } from '../../registry/read/room-row.ts';
import { createRegistry } from '../registry-port.ts';
import { callOrCreate } from '../../rooms/actions/call-or-create.ts';
import { callRoom } from '../../rooms/actions/call-room.ts';
import type { Description } from '../../rooms/contract/description.ts';
import { getIncarnation } from '../../domain/incarnation.ts';
import { createRoomAddress } from '../../domain/room-address.ts';
import { recordSize, recordUse } from '../../rooms/actions/record-use.ts';
import { removeRow } from '../../rooms/actions/remove-row.ts';
import { snapshotIdOf } from '../../rooms/http/snapshot-id.ts';
import { addressOf } from './address.ts';
import { refusedFor } from './refusals.ts';
import { seen } from './seen.ts';
import { versionActions } from './versions.ts';

/** Rooms as their own pages see them. */
export const roomDeps: Omit<RoomDeps, keyof CurrentUserDeps> = {
  ...versionActions,

  flawOfName(userId, { doType, resourceName }) {
    const addressed = createRoomAddress(userId, doType, encodeURIComponent(resourceName));
    return addressed.ok ? null : addressed.detail;
  },

  readRoom: (c, userId, room) =>
    seen<RoomView>(c, userId, ['room page', room], async (session) => {
      const address = addressOf(userId, room);
      const [{ row, seq }, description] = await Promise.all([
        getRoomRow(session, address.doName),
        callRoom(c.env, address, async (stub) => stub.describe()),
      ]);
      if (description.kind === 'live' && row?.storageBytes !== description.storageBytes) {
        recordSize(c, address, createRegistry, description);
      }
      return { seq, body: viewOf(description, row) };
    }),

  async createRoom(c, userId, room, readmits) {
    const address = addressOf(userId, room);
    const before = await callRoom(c.env, address, async (stub) => stub.describe());
    const created = await callOrCreate(c, address, createRegistry, async (stub, mayCreate) =>
      stub.create(readmits, mayCreate),
    );
    if (created.kind === 'too many rooms') return { ok: false, status: 429, message: created.detail };
    recordUse(c, address, createRegistry, created);
    if (!created.created) return { ok: true, done: 'there-already' };
    return { ok: true, done: before.kind === 'deleted' ? 'recreated' : 'created' };
  },

  async deleteRoom(c, userId, room, incarnation) {
    const address = addressOf(userId, room);
    const removed = await callRoom(c.env, address, async (stub) => stub.remove(incarnation));
    if (removed.kind !== 'removed') return refusedFor(removed.kind);
    const bookmark = await removeRow(c, address, removed.createdAt, createRegistry);
    if (bookmark !== null) c.header('x-d1-bookmark', bookmark);
    return { ok: true, done: 'deleted' };
  },

  async compactRoom(c, userId, room, incarnation): Promise<Outcome> {
    const address = addressOf(userId, room);
    const compacted = await callRoom(c.env, address, async (stub) => stub.compact(incarnation));
    if (compacted.kind !== 'reached') return refusedFor(compacted.kind);
    recordUse(c, address, createRegistry, compacted);
    if (compacted.outcome === 'being read') {
      return {
        ok: false,
        status: 409,
        message:
          'Somebody is being sent the room’s content just now, so it was not compacted. Try again in a moment.',
      };
    }
    return { ok: true, done: compacted.outcome === 'compacted' ? 'compacted' : 'nothing-to-gain' };
  },
};

/** Without when it was measured, which is always now, and who else looks: what has not changed must look the same. */
function viewOf(description: Description, row: RoomRow | null): RoomView {
  if (description.kind === 'absent') return { kind: 'absent' };
  if (description.kind === 'deleted') {
    const { deletedAt, storageBytes } = description;
    return { kind: 'deleted', deletedAt, storageBytes };
  }
  const { measuredAt: _, versions, connected, ...rest } = description;
  return {
    ...rest,
    connected: { sockets: connected.sockets, people: connected.people },
    incarnation: getIncarnation(description),
    lastAccessedAt: row?.lastAccessedAt ?? null,
    versions:
      versions?.map(({ createdAt, label, automatic }) => ({
        id: snapshotIdOf(createdAt),
        createdAt,
        label,
        automatic,
      })) ?? null,
  };
}
