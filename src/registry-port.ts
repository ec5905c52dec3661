import { ensureOutsideUser, isOutsideUserId } from './auth/outside-user.ts';
import type { Bindings } from './env.ts';
import { deleteInstance } from './registry/delete-instance.ts';
import { upsertInstance } from './registry/upsert-instance.ts';
import type { RegistryOf } from './rooms/routes.ts';

/**
 * The registry as rooms and their routes see it. A row belongs to a user's row, and nobody signs users of an outside
 * issuer up: theirs is made with their first report.
 */
export const registryOf: RegistryOf = ({ DB }: Bindings) => ({
  record: (report) =>
    upsertInstance(DB, report, isOutsideUserId(report.userId) ? [ensureOutsideUser(DB, report.userId)] : []),
  remove: (deleted) => deleteInstance(DB, deleted),
});
