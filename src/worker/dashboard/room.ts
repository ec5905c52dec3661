import type { CurrentUserDeps } from '../../dashboard/http/current-user.ts';
import type { RoomDeps, RoomView } from '../../dashboard/room/deps.ts';
import { getIncarnation } from '../../domain/incarnation.ts';
import { createRoomAddress } from '../../domain/room-address.ts';
import { getRoomRow, type RoomRow } from '../../registry/read/room-row.ts';
import { recordSize } from '../../rooms/actions/record-use.ts';
import { compactRoom, createRoom, deleteRoom, describeRoom } from '../../rooms/actions/room-actions.ts';
import { formatVersionId } from '../../rooms/actions/version-id.ts';
import type { Description } from '../../rooms/contract/description.ts';
import { createPageContext, getAddress, toOutcome } from './room-action.ts';
import { readPageData } from './read-page-data.ts';
import { versionDeps } from './versions.ts';

/** The actions on a room that its page offers. */
export const roomDeps: Omit<RoomDeps, keyof CurrentUserDeps> = {
  ...versionDeps,

  findNameProblem(userId, { doType, resourceName }) {
    const addressed = createRoomAddress(userId, doType, encodeURIComponent(resourceName));
    return addressed.ok ? null : addressed.detail;
  },

  readRoom: (c, userId, room) =>
    readPageData<RoomView>(c, userId, ['room page', room], async (session) => {
      const context = createPageContext(c);
      const address = getAddress(userId, room);
      const [{ row, seq }, description] = await Promise.all([
        getRoomRow(session, address.doName),
        describeRoom(context, address),
      ]);
      if (description.kind === 'live' && row?.storageBytes !== description.storageBytes) {
        recordSize(context, address, description);
      }
      return { seq, body: createView(description, row) };
    }),

  async createRoom(c, userId, room, readmits) {
    const context = createPageContext(c);
    const address = getAddress(userId, room);
    const before = await describeRoom(context, address);
    const created = await createRoom(context, address, { update: null, readmits });
    return toOutcome(created, (result) => {
      if (result.kind === 'exists' || !result.created) return 'there-already';
      return before.kind === 'deleted' ? 'recreated' : 'created';
    });
  },

  async deleteRoom(c, userId, room, incarnation) {
    const deleted = await deleteRoom(createPageContext(c), getAddress(userId, room), incarnation);
    if (deleted.ok && deleted.bookmark !== null) c.header('x-d1-bookmark', deleted.bookmark);
    return toOutcome(deleted, () => 'deleted');
  },

  async compactRoom(c, userId, room, incarnation) {
    const compacted = await compactRoom(createPageContext(c), getAddress(userId, room), incarnation);
    return toOutcome(compacted, ({ outcome }) => (outcome === 'compacted' ? 'compacted' : 'nothing-to-gain'));
  },
};

/** Leaves out the time of measurement and the observers: they change without a change of what the page shows. */
function createView(description: Description, row: RoomRow | null): RoomView {
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
        id: formatVersionId(createdAt),
        createdAt,
        label,
        automatic,
      })) ?? null,
  };
}
