import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/**
 * Erasures of accounts: while one runs, what is asked for; afterwards, the audit trail. Requested by
 * `erasureRequestStatement` (erasure-request.ts) or, where somebody deletes a row of `user` by hand, by the trigger
 * `user_deleted_erasure` (d1-migrations); carried on by trail.ts. Times are Unix milliseconds. Holds no name, no e-mail
 * address, no content.
 */
export const erasure = sqliteTable(
  'erasure',
  {
    /** 128 random bits in hexadecimal: whoever knows it may read how far the erasure is. */
    id: text('id').primaryKey(),
    /** `user.id` until the erasure is finished, from then on `getErasedUserKey` of it. No reference: it outlives the account. */
    userId: text('user_id').notNull(),
    /** `user`, `operator`, or `database` where the row of `user` was deleted by hand. */
    requestedBy: text('requested_by').notNull(),
    requestedAt: integer('requested_at').notNull(),
    /** When the eraser last gave word; `null`: it never did. */
    touchedAt: integer('touched_at'),
    finishedAt: integer('finished_at'),
    /** Sockets that were ended first, rooms that were found, and how many of them are empty and without a row. */
    sockets: integer('sockets').notNull().default(0),
    roomsFound: integer('rooms_found').notNull().default(0),
    roomsErased: integer('rooms_erased').notNull().default(0),
    /** Tries that came to nothing, each of which was or will be made again. */
    failures: integer('failures').notNull().default(0),
  },
  (table) => [
    index('erasure_user_id').on(table.userId),
    index('erasure_requested_at').on(table.requestedAt, table.id),
    // One at a time; an external issuer's user may come again, and go again.
    uniqueIndex('erasure_unfinished')
      .on(table.userId)
      .where(sql`${table.finishedAt} is null`),
  ],
);

/** What was done for an erasure, when and with what result, in order. */
export const erasureStep = sqliteTable(
  'erasure_step',
  {
    erasureId: text('erasure_id').notNull(),
    number: integer('number').notNull(),
    at: integer('at').notNull(),
    what: text('what').notNull(),
    result: text('result', { enum: ['done', 'failed'] }).notNull(),
    /** How many sockets, rooms or accounts it was done to. */
    count: integer('count').notNull(),
    /** Of a failure: what it was, with the ids of the objects it met. */
    detail: text('detail'),
  },
  (table) => [primaryKey({ columns: [table.erasureId, table.number] })],
);
