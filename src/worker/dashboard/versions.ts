import type { Outcome, RoomDeps } from '../../dashboard/room/deps.ts';
import { createRegistry } from '../registry-port.ts';
import { callDocument } from '../../rooms/actions/call-room.ts';
import { MAX_USER_VERSIONS } from '../../rooms/limits/room-limits.ts';
import { recordUse } from '../../rooms/actions/record-use.ts';
import { readSnapshotId } from '../../rooms/http/snapshot-id.ts';
import { createSnapshotSchema } from '../../rooms/http/snapshot-body.ts';
import { addressOf } from './address.ts';
import { refusedFor } from './refusals.ts';

const NO_SUCH_VERSION: Outcome = {
  ok: false,
  status: 404,
  message: 'That version is gone: it was deleted, or thinned out with age. Nothing was done.',
};

const UNREADABLE_VERSION: Outcome = {
  ok: false,
  status: 422,
  message: 'What is stored of that version is damaged and cannot be read. Nothing was done.',
};

const TOO_LARGE = {
  full: 'The room has no space left for the edit that would bring the version back.',
  'too large to restore':
    'The document is too large to be turned back in place. Download this version and store it as another document.',
} as const;

/** A document's versions as its page sees them. */
export const versionActions: Pick<RoomDeps, 'makeVersion' | 'restoreVersion' | 'deleteVersion'> = {
  async makeVersion(c, userId, room, { incarnation, label }) {
    const parsed = createSnapshotSchema.safeParse({ label: label.trim() });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return { ok: false, status: 400, field: 'label', message: issue?.message ?? 'The label is malformed.' };
    }
    const address = addressOf(userId, room);
    const made = await callDocument(c.env, address, async (stub) =>
      stub.createSnapshot(parsed.data.label, incarnation),
    );
    if (made.kind === 'too many snapshots') {
      return {
        ok: false,
        status: 409,
        message: `The document has ${MAX_USER_VERSIONS} versions that were made by hand. Delete some of them first.`,
      };
    }
    if (made.kind !== 'reached') return refusedFor(made.kind);
    recordUse(c, address, createRegistry, made);
    return { ok: true, done: 'version-made' };
  },

  async restoreVersion(c, userId, room, { incarnation, id }): Promise<Outcome> {
    const createdAt = readSnapshotId(id);
    if (createdAt === null) return NO_SUCH_VERSION;
    const address = addressOf(userId, room);
    const restored = await callDocument(c.env, address, async (stub) =>
      stub.restoreSnapshot(createdAt, incarnation),
    );
    if (restored.kind === 'no such snapshot') return NO_SUCH_VERSION;
    if (restored.kind === 'unreadable snapshot') return UNREADABLE_VERSION;
    if (restored.kind === 'full' || restored.kind === 'too large to restore') {
      return { ok: false, status: 413, message: TOO_LARGE[restored.kind] };
    }
    if (restored.kind !== 'reached') return refusedFor(restored.kind);
    recordUse(c, address, createRegistry, restored);
    return { ok: true, done: 'restored' };
  },

  async deleteVersion(c, userId, room, { incarnation, id }) {
    const createdAt = readSnapshotId(id);
    if (createdAt === null) return NO_SUCH_VERSION;
    const address = addressOf(userId, room);
    const removed = await callDocument(c.env, address, async (stub) =>
      stub.removeSnapshot(createdAt, incarnation),
    );
    if (removed.kind === 'no such snapshot') return NO_SUCH_VERSION;
    if (removed.kind !== 'reached') return refusedFor(removed.kind);
    recordUse(c, address, createRegistry, removed);
    return { ok: true, done: 'version-deleted' };
  },
};
