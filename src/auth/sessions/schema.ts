import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/**
 * Queue of sessions and accounts that ended before they expired and whose sockets must be closed. Triggers on `session`
 * and `user` (d1-migrations) write it, so that every way to end a session is covered. Read by ended-sessions.ts. Times
 * are Unix milliseconds. The key begins with `dueAt`, so the table needs no further index.
 */
export const endedSession = sqliteTable(
  'ended_session',
  {
    /** Position in the queue: when the session ended, or when the entry was last requeued. */
    dueAt: integer('due_at').notNull(),
    /** No foreign key: the entry outlives the account. */
    userId: text('user_id').notNull(),
    /** `session.id`; empty if the account itself ended, with all its sockets. */
    sessionId: text('session_id').notNull(),
    /** No socket of the session is older than this. */
    socketsSince: integer('sockets_since').notNull(),
    endedAt: integer('ended_at').notNull(),
    /** Rooms with names up to this one have been notified, in the order of names. */
    notifiedThrough: text('told_through').notNull().default(''),
    /** Whether a room could not be reached: then all rooms are notified again. */
    needsRetry: integer('missed', { mode: 'boolean' }).notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.dueAt, table.userId, table.sessionId] })],
);
