import { endedSessionsStatement } from '../auth/sessions/ended-sessions.ts';
import { insertExternalUser, isExternalUserId } from '../auth/identity/external-user.ts';
import type { Bindings } from '../domain/env.ts';
import { isErasedStatement } from '../domain/erasure-request.ts';
import { deleteInstance } from '../registry/write/delete-instance.ts';
import { reserveRoom } from '../registry/write/room-limits.ts';
import { upsertInstanceWith } from '../registry/write/upsert-instance.ts';
import type { CreateRegistry } from '../rooms/actions/action-context.ts';

/**
 * The registry as rooms and actions use it. External users have no sign-up, so their row is created by their first report. The
 * report's transaction also reads ended sessions and erasures: one that starts later finds the room by the recorded use.
 */
export const createRegistry: CreateRegistry = ({ DB }: Bindings) => ({
  async record(report, sessionIds) {
    const { after } = await upsertInstanceWith(DB, report, {
      before: isExternalUserId(report.userId) ? [insertExternalUser(DB, report.userId)] : [],
      after: [
        isErasedStatement(DB, report.userId, report.createdAt),
        ...(sessionIds.length === 0 ? [] : [endedSessionsStatement(DB, sessionIds, Date.now())]),
      ],
    });
    const [erased, ended] = after;
    return {
      isErased: (erased?.results.length ?? 0) > 0,
      endedSessions: ended?.results.map(({ id }) => String(id)) ?? [],
    };
  },
  remove: (deleted) => deleteInstance(DB, deleted),
  countCreation(creation) {
    const before = isExternalUserId(creation.userId) ? [insertExternalUser(DB, creation.userId)] : [];
    return reserveRoom(DB, creation, Date.now(), before);
  },
});
