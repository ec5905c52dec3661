import { endedAmong } from './auth/ended-sessions.ts';
import { ensureOutsideUser, isOutsideUserId } from './auth/outside-user.ts';
import type { Bindings } from './env.ts';
import { deleteInstance } from './registry/delete-instance.ts';
import { upsertInstanceBeside } from './registry/upsert-instance.ts';
import type { RegistryOf } from './rooms/record-use.ts';

/**
 * The registry as rooms and their routes see it. A row belongs to a user's row, and nobody signs users of an outside
 * issuer up: theirs is made with their first report. Which sessions are over is read in the report's own transaction:
 * one that ends later ends after the room was booked as used, and finds it by that.
 */
export const registryOf: RegistryOf = ({ DB }: Bindings) => ({
  async record(report, sessionIds) {
    const { after } = await upsertInstanceBeside(DB, report, {
      before: isOutsideUserId(report.userId) ? [ensureOutsideUser(DB, report.userId)] : [],
      after: sessionIds.length === 0 ? [] : [endedAmong(DB, sessionIds, Date.now())],
    });
    return { endedSessions: after.flatMap(({ results }) => results.map(({ id }) => String(id))) };
  },
  remove: (deleted) => deleteInstance(DB, deleted),
});
