import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/**
 * Sessions and accounts that ended before their time and whose sockets are still to be ended. Written by triggers on
 * `session` and `user` (d1-migrations), so that nothing that ends a session can forget it: a sign-out, a ban, a new
 * password, a cascade, a statement typed by an operator. Read and settled by ended-sessions.ts. Times are Unix
 * milliseconds.
 *
 * The key begins with `dueAt`, so the table is its own queue, and an entry costs one row written to come and one to go.
 */
export const endedSession = sqliteTable(
  'ended_session',
  {
    /** When it was last looked at, at first when it ended: what could not be settled makes room for the others. */
    dueAt: integer('due_at').notNull(),
    /** No reference: it outlives the account. */
    userId: text('user_id').notNull(),
    /** `session.id`; empty where the account itself ended, and with it whatever was opened in its name. */
    sessionId: text('session_id').notNull(),
    /** Its sockets cannot be older than this. */
    socketsSince: integer('sockets_since').notNull(),
    endedAt: integer('ended_at').notNull(),
    /** Rooms with names up to this one have been told, in the order of names. */
    toldThrough: text('told_through').notNull().default(''),
    /** Whether one of them could not be reached: then all are told once more. */
    missed: integer('missed', { mode: 'boolean' }).notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.dueAt, table.userId, table.sessionId] })],
);
