import { bigint, customType, pgTable, timestamp } from 'drizzle-orm/pg-core';

/** Text ordered by bytes, as D1 orders it, whatever the database's own collation. */
const bytewiseText = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
const bytes = (name: string) => bigint(name, { mode: 'number' });

/** The registry's rows, copied. Written by the mirror alone. */
export const durableObjectInstance = pgTable('durable_object_instance', {
  doName: bytewiseText('do_name').primaryKey(),
  doId: bytewiseText('do_id').notNull(),
  userId: bytewiseText('user_id').notNull(),
  doType: bytewiseText('do_type').notNull(),
  resourceName: bytewiseText('resource_name').notNull(),
  storageBytes: bytes('storage_bytes'),
  createdAt: time('created_at').notNull(),
  lastAccessedAt: time('last_accessed_at').notNull(),
  storageMeasuredAt: time('storage_measured_at'),
  seq: bytes('seq').notNull(),
  mirroredAt: time('mirrored_at').notNull(),
});

/** How far the copy has come: one row a source, moved in the same transaction as the rows it covers. */
export const mirrorCheckpoint = pgTable('mirror_checkpoint', {
  source: bytewiseText('source').primaryKey(),
  seq: bytes('seq').notNull(),
  updatedAt: time('updated_at').notNull(),
});
