import type { RoomDeps } from '../../dashboard/room/deps.ts';
import { createVersion, deleteVersion, restoreVersion } from '../../rooms/actions/version-actions.ts';
import { createVersionSchema } from '../../rooms/http/version-body.ts';
import { createPageContext, getAddress, toOutcome } from './room-action.ts';

/** The actions on a document's versions that its page offers. */
export const versionDeps: Pick<RoomDeps, 'createVersion' | 'restoreVersion' | 'deleteVersion'> = {
  async createVersion(c, userId, room, { incarnation, label }) {
    const parsed = createVersionSchema.safeParse({ label: label.trim() });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return { ok: false, status: 400, field: 'label', message: issue?.message ?? 'The label is malformed.' };
    }
    const version = { label: parsed.data.label, incarnation };
    const created = await createVersion(createPageContext(c), getAddress(userId, room), version);
    return toOutcome(created, () => 'version-made');
  },

  async restoreVersion(c, userId, room, version) {
    const restored = await restoreVersion(createPageContext(c), getAddress(userId, room), version);
    return toOutcome(restored, () => 'restored');
  },

  async deleteVersion(c, userId, room, version) {
    const deleted = await deleteVersion(createPageContext(c), getAddress(userId, room), version);
    return toOutcome(deleted, () => 'version-deleted');
  },
};
