import {
  bigint,
  customType,
  date,
  doublePrecision,
  index,
  pgTable,
  primaryKey,
  timestamp,
} from 'drizzle-orm/pg-core';

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

/**
 * The registry's history of what each user stores, by days, without the course within a day. Written by the mirror alone. What
 * the registry does not keep any more stays here.
 */
export const userStorageDay = pgTable(
  'user_storage_day',
  {
    userId: bytewiseText('user_id').notNull(),
    day: date('day').notNull(),
    openedBytes: bytes('opened_bytes').notNull(),
    storageBytes: bytes('storage_bytes').notNull(),
    changedAt: time('changed_at').notNull(),
    byteSeconds: bytes('byte_seconds').notNull(),
    seq: bytes('seq').notNull(),
    /** When a reconcile pass found that the registry has the row no more; null while it has. */
    goneAt: time('gone_at'),
    mirroredAt: time('mirrored_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.day] })],
);

/** How far the copy has come: one row a source, moved in the same transaction as the rows it covers. */
export const mirrorCheckpoint = pgTable('mirror_checkpoint', {
  source: bytewiseText('source').primaryKey(),
  seq: bytes('seq').notNull(),
  updatedAt: time('updated_at').notNull(),
});

/** The reconcile passes, newest last: each finished one is the proof that the copy was exact, or of what it lacked. */
export const mirrorReconcile = pgTable(
  'mirror_reconcile',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    source: bytewiseText('source').notNull(),
    /** `repair`, or `detect`: that finds and counts only. */
    mode: bytewiseText('mode').notNull(),
    startedAt: time('started_at').notNull(),
    /** Null while it goes on; the next run continues it. */
    finishedAt: time('finished_at'),
    /** The name up to which it has compared; null before the first range. */
    comparedThrough: bytewiseText('compared_through'),
    compared: bytes('compared').notNull().default(0),
    missing: bytes('missing').notNull().default(0),
    extra: bytes('extra').notNull().default(0),
    different: bytes('different').notNull().default(0),
    repaired: bytes('repaired').notNull().default(0),
    /** Of work, without the time between runs. */
    seconds: doublePrecision('seconds').notNull().default(0),
  },
  (table) => [index('mirror_reconcile_source_mode').on(table.source, table.mode, table.id)],
);
