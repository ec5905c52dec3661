import type { Bindings } from './env.ts';
import { deleteInstance } from './registry/delete-instance.ts';
import { upsertInstance } from './registry/upsert-instance.ts';
import type { RegistryOf } from './rooms/routes.ts';

/** The registry as rooms and their routes see it. */
export const registryOf: RegistryOf = (env: Bindings) => ({
  record: (report) => upsertInstance(env.DB, report),
  remove: (deleted) => deleteInstance(env.DB, deleted),
});
