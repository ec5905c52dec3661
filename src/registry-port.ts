import { ensureOutsideUser, isOutsideUserId } from './auth/outside-user.ts';
import type { Bindings } from './env.ts';
import { deleteInstance } from './registry/delete-instance.ts';
import { upsertInstance } from './registry/upsert-instance.ts';
import type { RegistryOf } from './rooms/routes.ts';

/** Users of an outside issuer whose row this isolate has seen to; bounded, oldest out first. */
const ensured = new Set<string>();
const MAX_ENSURED = 10_000;

/**
 * The registry as rooms and their routes see it. A row belongs to a user's row, and nobody signs users of an outside
 * issuer up: theirs is made at their first report.
 */
export const registryOf: RegistryOf = (env: Bindings) => ({
  async record(report) {
    const { userId } = report;
    if (isOutsideUserId(userId) && !ensured.has(userId)) {
      await ensureOutsideUser(env.DB, userId);
      ensured.add(userId);
      for (const oldest of ensured) {
        if (ensured.size <= MAX_ENSURED) break;
        ensured.delete(oldest);
      }
    }
    return upsertInstance(env.DB, report);
  },
  remove: (deleted) => deleteInstance(env.DB, deleted),
});
