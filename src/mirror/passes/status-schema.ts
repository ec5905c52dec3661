import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/**
 * What the mirror's last runs came to, kept in D1 so that it can be read while Postgres is down. One row a source.
 * The checkpoint that counts is the one in Postgres; the one here is what the last run saw. Times are Unix
 * milliseconds.
 */
export const mirrorStatus = sqliteTable('mirror_status', {
  source: text('source').primaryKey(),
  checkpointSeq: integer('checkpoint_seq').notNull(),
  lastSuccessAt: integer('last_success_at'),
  lastError: text('last_error'),
  lastErrorAt: integer('last_error_at'),
  /** The summary of the last reconcile pass, as JSON. */
  lastReconcile: text('last_reconcile'),
});
