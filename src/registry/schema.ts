import { sql } from 'drizzle-orm';
import { blob, check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { DO_TYPES } from '../domain/instance.ts';

/** All the registry knows of accounts: that they have an id. Not exported, so drizzle-kit makes no table of it. */
const user = sqliteTable('user', { id: text('id').primaryKey() });

/** SQL for the parts of `do_name` as they stand in it, percent-encoded: `user:{user id}:{type}:{name}`. */
const NAME_PARTS = {
  userId: "substr(do_name, 6, instr(substr(do_name, 6), ':') - 1)",
  doType: `CASE substr(do_name, 6 + instr(substr(do_name, 6), ':'), 9)
    WHEN 'document:' THEN 'document' WHEN 'workspace' THEN 'workspace' END`,
  resourceName: "substr(do_name, 7 + instr(substr(do_name, 6), ':') + length(do_type))",
} as const;

/**
 * One row for every room. Times are Unix milliseconds. What `do_name` implies is not stored but computed from it.
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
      .generatedAlwaysAs(sql.raw(`coalesce(decoded_user_id, ${NAME_PARTS.userId})`), { mode: 'virtual' })
      .references(() => user.id, { onDelete: 'cascade' }),
    /** Of a `do_name` of another form null, and so refused. */
    doType: text('do_type', { enum: DO_TYPES })
      .notNull()
      .generatedAlwaysAs(sql.raw(NAME_PARTS.doType), { mode: 'virtual' }),
    resourceName: text('resource_name')
      .notNull()
      .generatedAlwaysAs(sql.raw(`coalesce(decoded_name, ${NAME_PARTS.resourceName})`), { mode: 'virtual' }),
    /** `null` until measured. */
    storageBytes: integer('storage_bytes'),
    /** The room's incarnation: later for a room recreated after its deletion. */
    createdAt: integer('created_at').notNull(),
    lastAccessedAt: integer('last_accessed_at').notNull(),
    /** When the room read `storageBytes`, by its own clock; `null` until measured. */
    storageMeasuredAt: integer('storage_measured_at'),
    /** The number of this row's last change: unique over this table and `registry_tombstone`, never reused. */
    seq: integer('seq').notNull().unique(),
    /** The user's id, only where `do_name` has it percent-encoded: SQL cannot decode that. */
    decodedUserId: text('decoded_user_id'),
    /** The resource's name, likewise. */
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

/**
 * The history of what each user stores: one row for each day on which his total changed, and none for other days. Written
 * by triggers alone (d1-migrations, view `room_resized`), in the transaction of the change, so no statement that changes a
 * size can forget it. Its resolution is one second: what counts in a second is the total after its last change. Totals are
 * kept between 0 and 106 TB, so that no sum of a day leaves 64 bits.
 */
export const userStorageDay = sqliteTable(
  'user_storage_day',
  {
    /** No reference: it outlives the account until it is pruned. */
    userId: text('user_id').notNull(),
    /** Days since 1970-01-01, UTC. */
    day: integer('day').notNull(),
    /** The total at midnight, before the first change of the day. */
    openedBytes: integer('opened_bytes').notNull(),
    /** The total since the last change of the day. */
    storageBytes: integer('storage_bytes').notNull(),
    /** When that was, Unix seconds by D1's clock, but never before the change before it. */
    changedAt: integer('changed_at').notNull(),
    /** Bytes times seconds from midnight to `changed_at`: exact whatever `steps` leaves out. */
    byteSeconds: integer('byte_seconds').notNull(),
    /**
     * The changes of the day as JSON, `[[second of the day, total since then], …]`. A day of more than a thousand has at most
     * one more each minute: of the changes within a minute after it a step has the last total, and the next step has, as
     * its third element, the bytes times seconds from midnight to it, as a string.
     */
    steps: text('steps').notNull(),
    /** The number of the last change in the registry that made it. */
    seq: integer('seq').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.day] }),
    // A trigger reads what it goes on from: a hand that slips here must not make reports fail later.
    check('steps_json', sql`json_valid(${table.steps})`),
  ],
);

/** Users who are gone while their history is still there: what prune-history.ts works off. Written by a trigger on `user`. */
export const storageHistoryEnded = sqliteTable(
  'storage_history_ended',
  {
    /** When the account was deleted, Unix seconds; what the history has until then is to go. */
    endedAt: integer('ended_at').notNull(),
    userId: text('user_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.endedAt, table.userId] })],
);

/**
 * What each user has created, to keep to the limits of rooms (room-budget.ts): one row for a user who ever created a room. It goes
 * with the account.
 */
export const roomBudget = sqliteTable('room_budget', {
  userId: text('user_id')
    .primaryKey()
    .references(() => user.id, { onDelete: 'cascade' }),
  /** The user's rooms, those included whose first report is not here yet. Right for a short while after `created_at`. */
  rooms: integer('rooms').notNull(),
  /** When the last room was created, Unix milliseconds. */
  createdAt: integer('created_at').notNull(),
  /** When the hour began in which creations are counted, Unix milliseconds. */
  hourBeganAt: integer('hour_began_at').notNull(),
  /** Rooms created or recreated since then. */
  createdInHour: integer('created_in_hour').notNull(),
});

/** Written to find out whether D1 takes new rows (write-check.ts): one row, of the last time. */
export const d1WriteCheck = sqliteTable('d1_write_check', {
  /** Unix seconds by D1's clock. */
  checkedAt: integer('checked_at').primaryKey(),
  filler: blob('filler').notNull(),
});
