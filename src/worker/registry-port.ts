import { endedSessionsStatement } from '../auth/sessions/ended-sessions.ts';
import { insertExternalUser, isExternalUserId } from '../auth/identity/external-user.ts';
import type { Bindings } from '../domain/env.ts';
import { isErasedStatement } from '../domain/erasure-request.ts';
import { deleteInstance } from '../registry/write/delete-instance.ts';
import { reserveRoom } from '../registry/write/room-limits.ts';
import { upsertInstanceWith } from '../registry/write/upsert-instance.ts';
import type { CreateRegistry } from '../rooms/actions/action-context.ts';

/**
 * The registry as rooms and their routes see it. A row belongs to a user's row, and nobody signs users of an external
 * issuer up: theirs is made with their first report. Which sessions are over, and whether the account is being erased,
 * is read in the report's own transaction: what begins later begins after the room was booked, and finds it by that.
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
    // Nobody signs these users up: their row is made with their first room.
    const before = isExternalUserId(creation.userId) ? [insertExternalUser(DB, creation.userId)] : [];
    return reserveRoom(DB, creation, Date.now(), before);
  },
});
