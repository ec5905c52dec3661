import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/**
 * Erasures of accounts and their audit trail. Inserted by `erasureRequestStatement` (erasure-request.ts) or, for a row of
 * `user` that is deleted by hand, by the trigger `user_deleted_erasure` (d1-migrations). Times are Unix milliseconds.
 * Contains no names, e-mail addresses or content.
 */
export const erasure = sqliteTable(
  'erasure',
  {
    /** 128 random bits in hexadecimal. Knowing the id allows reading the progress. */
    id: text('id').primaryKey(),
    /** `user.id`, replaced by `getErasedUserKey` of it when finished. No foreign key: the row outlives the account. */
    userId: text('user_id').notNull(),
    /** `user`, `operator`, or `database` for a row of `user` that was deleted by hand. */
    requestedBy: text('requested_by').notNull(),
    requestedAt: integer('requested_at').notNull(),
    /** Last report of the eraser; `null` before the first. */
    touchedAt: integer('touched_at'),
    finishedAt: integer('finished_at'),
    /** Sockets closed at the start. */
    sockets: integer('sockets').notNull().default(0),
    roomsFound: integer('rooms_found').notNull().default(0),
    roomsErased: integer('rooms_erased').notNull().default(0),
    /** Failed tries. Each is repeated. */
    failures: integer('failures').notNull().default(0),
  },
  (table) => [
    index('erasure_user_id').on(table.userId),
    index('erasure_requested_at').on(table.requestedAt, table.id),
    // One unfinished erasure per user. An external user can be erased again later.
    uniqueIndex('erasure_unfinished')
      .on(table.userId)
      .where(sql`${table.finishedAt} is null`),
  ],
);

/** The steps of an erasure in order. */
export const erasureStep = sqliteTable(
  'erasure_step',
  {
    erasureId: text('erasure_id').notNull(),
    number: integer('number').notNull(),
    at: integer('at').notNull(),
    what: text('what').notNull(),
    result: text('result', { enum: ['done', 'failed'] }).notNull(),
    /** Number of sockets, rooms or accounts. */
    count: integer('count').notNull(),
    /** Description of a failure with the ids of the objects. */
    detail: text('detail'),
  },
  (table) => [primaryKey({ columns: [table.erasureId, table.number] })],
);
