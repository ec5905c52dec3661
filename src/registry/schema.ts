import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { DO_TYPES } from '../instance.ts';

/** All the registry knows of accounts: that they have an id. Not exported, so drizzle-kit makes no table of it. */
const user = sqliteTable('user', { id: text('id').primaryKey() });

/**
 * One row for every room. Times are Unix milliseconds.
 * Written by upsert-instance.ts and delete-instance.ts alone; `seq` is theirs and the delete trigger's to give.
 */
export const durableObjectInstance = sqliteTable(
  'durable_object_instance',
  {
    doName: text('do_name').primaryKey(),
    /** The object's hex id, to join with Cloudflare's own object list. */
    doId: text('do_id').notNull(),
    userId: text('user_id')
      .notNull()
      .references(() => user.id, { onDelete: 'cascade' }),
    doType: text('do_type', { enum: DO_TYPES }).notNull(),
    resourceName: text('resource_name').notNull(),
    /** `null` until measured. */
    storageBytes: integer('storage_bytes'),
    /** The room's incarnation: later for a room recreated after its deletion. */
    createdAt: integer('created_at').notNull(),
    lastAccessedAt: integer('last_accessed_at').notNull(),
    /** When the room read `storageBytes`, by its own clock; `null` until measured. */
    storageMeasuredAt: integer('storage_measured_at'),
    /** The number of this row's last change: unique over this table and `registry_tombstone`, never reused. */
    seq: integer('seq').notNull().unique(),
  },
  (table) => [
    index('durable_object_instance_user_id').on(table.userId),
    check('do_type_known', sql`${table.doType} in ('workspace', 'document')`),
    check('measured_whole', sql`(${table.storageBytes} is null) = (${table.storageMeasuredAt} is null)`),
  ],
);

/**
 * What the mirror must delete, and which incarnation of a room is gone, so that a late report does not bring its row
 * back. The trigger `durable_object_instance_tombstone` (d1-migrations) writes one for each deleted row, those deleted
 * by the cascade from `user` included.
 */
export const registryTombstone = sqliteTable('registry_tombstone', {
  doName: text('do_name').primaryKey(),
  /** `created_at` of the incarnation that is gone; of a row that was lost while its room lives, the millisecond before. */
  createdAt: integer('created_at').notNull(),
  deletedAt: integer('deleted_at').notNull(),
  seq: integer('seq').notNull().unique(),
});

/** What is remembered of tombstones that were pruned (prune-tombstones.ts): one row a type, none before the first. */
export const registryPruned = sqliteTable('registry_pruned', {
  doType: text('do_type', { enum: DO_TYPES }).primaryKey(),
  /** How many of them stood for a room that was not there again. */
  rooms: integer('rooms').notNull(),
  /** When the last of them was deleted, Unix milliseconds: what was deleted later is still known. */
  deletedThrough: integer('deleted_through').notNull(),
});
