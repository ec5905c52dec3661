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

/** Text with the byte order of D1, independent of the database's collation. */
const bytewiseText = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
const bytes = (name: string) => bigint(name, { mode: 'number' });

/** Copy of the registry's rows. Written only by the mirror. */
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

/** Copy of the registry's storage history, without `steps`. Written only by the mirror. Keeps what the registry has pruned. */
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
    /** When a reconcile pass found that the registry has pruned the row. */
    goneAt: time('gone_at'),
    mirroredAt: time('mirrored_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.day] })],
);

/** Change number up to which the copy is complete, one row per source. Moved in the transaction of the changes. */
export const mirrorCheckpoint = pgTable('mirror_checkpoint', {
  source: bytewiseText('source').primaryKey(),
  seq: bytes('seq').notNull(),
  updatedAt: time('updated_at').notNull(),
});

/** Reconcile passes with the differences that they found. */
export const mirrorReconcile = pgTable(
  'mirror_reconcile',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    source: bytewiseText('source').notNull(),
    /** `repair`, or `detect`, which only counts differences. */
    mode: bytewiseText('mode').notNull(),
    startedAt: time('started_at').notNull(),
    /** Null until finished; the next run continues the pass. */
    finishedAt: time('finished_at'),
    /** The last compared name; null before the first range. */
    comparedThrough: bytewiseText('compared_through'),
    compared: bytes('compared').notNull().default(0),
    missing: bytes('missing').notNull().default(0),
    extra: bytes('extra').notNull().default(0),
    different: bytes('different').notNull().default(0),
    repaired: bytes('repaired').notNull().default(0),
    /** Working time, without the time between runs. */
    seconds: doublePrecision('seconds').notNull().default(0),
  },
  (table) => [index('mirror_reconcile_source_mode').on(table.source, table.mode, table.id)],
);
