import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/**
 * Results of the mirror's last runs, one row per source. In D1, so that they are available while Postgres is down. The
 * checkpoint is a copy of the one in Postgres. Times are Unix milliseconds.
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
