import { sql } from 'drizzle-orm';
import { blob, check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { DO_TYPES } from '../domain/instance.ts';

/** For the foreign keys. Not exported, so that drizzle-kit creates no second table. */
const user = sqliteTable('user', { id: text('id').primaryKey() });

/** SQL for the percent-encoded parts of `do_name`: `user:{user id}:{type}:{name}`. */
const NAME_PARTS = {
  userId: "substr(do_name, 6, instr(substr(do_name, 6), ':') - 1)",
  doType: `CASE substr(do_name, 6 + instr(substr(do_name, 6), ':'), 9)
    WHEN 'document:' THEN 'document' WHEN 'workspace' THEN 'workspace' END`,
  resourceName: "substr(do_name, 7 + instr(substr(do_name, 6), ':') + length(do_type))",
} as const;

/**
 * One row per room. Times are Unix milliseconds. Columns that follow from `do_name` are generated. Written only by
 * upsert-instance.ts, repair-instance.ts and delete-instance.ts; they and the delete trigger assign `seq`.
 */
export const durableObjectInstance = sqliteTable(
  'durable_object_instance',
  {
    doName: text('do_name').primaryKey(),
    /** The object's id in hexadecimal, to join with Cloudflare's list of objects. */
    doId: text('do_id').notNull(),
    userId: text('user_id')
      .notNull()
      .generatedAlwaysAs(sql.raw(`coalesce(decoded_user_id, ${NAME_PARTS.userId})`), { mode: 'virtual' })
      .references(() => user.id, { onDelete: 'cascade' }),
    /** Null for a malformed `do_name`, which refuses the row. */
    doType: text('do_type', { enum: DO_TYPES })
      .notNull()
      .generatedAlwaysAs(sql.raw(NAME_PARTS.doType), { mode: 'virtual' }),
    resourceName: text('resource_name')
      .notNull()
      .generatedAlwaysAs(sql.raw(`coalesce(decoded_name, ${NAME_PARTS.resourceName})`), { mode: 'virtual' }),
    /** `null` until measured. */
    storageBytes: integer('storage_bytes'),
    /** Creation time of the room's incarnation. */
    createdAt: integer('created_at').notNull(),
    lastAccessedAt: integer('last_accessed_at').notNull(),
    /** When the room measured `storageBytes`, by its own clock; `null` until measured. */
    storageMeasuredAt: integer('storage_measured_at'),
    /** Number of the row's last change: unique across this table and `registry_tombstone`, never reused. */
    seq: integer('seq').notNull().unique(),
    /** The user's id, if `do_name` contains it percent-encoded: SQL cannot decode it. */
    decodedUserId: text('decoded_user_id'),
    /** The resource's name, if `do_name` contains it percent-encoded. */
    decodedName: text('decoded_name'),
  },
  (table) => [
    index('durable_object_instance_user_id').on(table.userId),
    check(
      'decoded_user_id_needed',
      sql.raw(`(decoded_user_id is null) = (instr(${NAME_PARTS.userId}, '%') = 0)`),
    ),
    check(
      'decoded_name_needed',
      sql.raw(`(decoded_name is null) = (instr(${NAME_PARTS.resourceName}, '%') = 0)`),
    ),
    check('measured_whole', sql`(${table.storageBytes} is null) = (${table.storageMeasuredAt} is null)`),
  ],
);

/**
 * Deleted rooms: the mirror must delete them, and late reports must not recreate their rows. The trigger
 * `durable_object_instance_tombstone` (d1-migrations) writes one for each deleted row, including cascades from `user`.
 */
export const registryTombstone = sqliteTable('registry_tombstone', {
  doName: text('do_name').primaryKey(),
  /** `created_at` of the deleted incarnation; 1 ms earlier if only the row was deleted and the room still exists. */
  createdAt: integer('created_at').notNull(),
  deletedAt: integer('deleted_at').notNull(),
  seq: integer('seq').notNull().unique(),
});

/** Totals of pruned tombstones (prune-tombstones.ts), one row per room type. */
export const registryPruned = sqliteTable('registry_pruned', {
  doType: text('do_type', { enum: DO_TYPES }).primaryKey(),
  /** Pruned tombstones of rooms that had not been recreated. */
  rooms: integer('rooms').notNull(),
  /** Latest deletion among them, Unix milliseconds. Tombstones of later deletions still exist. */
  deletedThrough: integer('deleted_through').notNull(),
});

/**
 * Storage history: one row per user and day on which the user's total changed. Written only by triggers (d1-migrations, view
 * `room_resized`), in the transaction of the change. The resolution is one second: the total after its last change counts.
 * Totals are limited to 106 TB, so that the sum of a day fits into 64 bits.
 */
export const userStorageDay = sqliteTable(
  'user_storage_day',
  {
    /** No foreign key: the history outlives the account until it is pruned. */
    userId: text('user_id').notNull(),
    /** Days since 1970-01-01, UTC. */
    day: integer('day').notNull(),
    /** The total at midnight, before the first change of the day. */
    openedBytes: integer('opened_bytes').notNull(),
    /** The total after the last change of the day. */
    storageBytes: integer('storage_bytes').notNull(),
    /** Time of the last change, Unix seconds by D1's clock, never earlier than the previous change. */
    changedAt: integer('changed_at').notNull(),
    /** Bytes times seconds from midnight to `changed_at`. Always exact. */
    byteSeconds: integer('byte_seconds').notNull(),
    /**
     * The changes of the day as JSON, `[[second of the day, new total], …]`. After a thousand steps there is at most one per
     * minute: it has the last total of that minute, and the next step has a third element, the exact byte-seconds from
     * midnight to it, as a string.
     */
    steps: text('steps').notNull(),
    /** Number of the registry change that last wrote the row. */
    seq: integer('seq').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.day] }),
    // A trigger parses `steps`; invalid JSON would make later reports fail.
    check('steps_json', sql`json_valid(${table.steps})`),
  ],
);

/** Queue of deleted users whose history must be pruned (prune-history.ts). Written by a trigger on `user`. */
export const storageHistoryEnded = sqliteTable(
  'storage_history_ended',
  {
    /** When the account was deleted, Unix seconds. History up to this time must be deleted. */
    endedAt: integer('ended_at').notNull(),
    userId: text('user_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.endedAt, table.userId] })],
);

/** Rooms created per user, for the limits of room-limits.ts. One row per user with a room; deleted with the account. */
export const roomBudget = sqliteTable('room_budget', {
  userId: text('user_id')
    .primaryKey()
    .references(() => user.id, { onDelete: 'cascade' }),
  /** The user's rooms, including those that have not reported yet. Only valid shortly after `created_at`. */
  rooms: integer('rooms').notNull(),
  /** When the last room was created, Unix milliseconds. */
  createdAt: integer('created_at').notNull(),
  /** Start of the hour in which creations are counted, Unix milliseconds. */
  hourBeganAt: integer('hour_began_at').notNull(),
  /** Rooms created or recreated since then. */
  createdInHour: integer('created_in_hour').notNull(),
});

/** One row, written to check that D1 accepts new rows (write-check.ts). */
export const d1WriteCheck = sqliteTable('d1_write_check', {
  /** Unix seconds by D1's clock. */
  checkedAt: integer('checked_at').primaryKey(),
  filler: blob('filler').notNull(),
});
