import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { REGISTRY_SOURCE } from '../postgres/checkpoint.ts';
import type { ReconcileSummary } from './reconcile-pass.ts';
import { mirrorStatus } from './status-schema.ts';

/** Runs without changes are recorded at most this often, because D1 bills rows written. */
const STATUS_HEARTBEAT_MS = 30_000;

export type MirrorStatus = Omit<typeof mirrorStatus.$inferSelect, 'source'>;

/** The statement for the `MirrorStatus`. Returns no row before the first run. */
export function statusStatement(session: D1DatabaseSession): D1PreparedStatement {
  return session
    .prepare(
      `SELECT checkpoint_seq AS checkpointSeq, last_success_at AS lastSuccessAt, last_error AS lastError,
         last_error_at AS lastErrorAt, last_reconcile AS lastReconcile
       FROM mirror_status WHERE source = ?`,
    )
    .bind(REGISTRY_SOURCE);
}

/** SQL for the checkpoint at the time of the last run; 0 before the first run. */
export const LAST_CHECKPOINT_SQL = `coalesce((SELECT checkpoint_seq FROM mirror_status WHERE source = '${REGISTRY_SOURCE}'), 0)`;

/** Records a successful run. Writes only a change or the heartbeat. @param at Unix milliseconds */
export async function recordSuccess(db: D1Database, checkpointSeq: number, at: number): Promise<void> {
  await drizzle(db)
    .insert(mirrorStatus)
    .values({ source: REGISTRY_SOURCE, checkpointSeq, lastSuccessAt: at })
    .onConflictDoUpdate({
      target: mirrorStatus.source,
      set: { checkpointSeq, lastSuccessAt: at, lastError: null, lastErrorAt: null },
      setWhere: sql`${mirrorStatus.checkpointSeq} <> ${checkpointSeq}
        or ${mirrorStatus.lastError} is not null
        or ${mirrorStatus.lastSuccessAt} is null
        or ${mirrorStatus.lastSuccessAt} <= ${at - STATUS_HEARTBEAT_MS}`,
    });
}

/**
 * Records a failed run. Writes only a change or the heartbeat.
 * @param checkpointSeq last known checkpoint; `null` if the run did not read it
 * @param at Unix milliseconds
 */
export async function recordFailure(
  db: D1Database,
  error: string,
  checkpointSeq: number | null,
  at: number,
): Promise<void> {
  const lastSeq = checkpointSeq === null ? sql`${mirrorStatus.checkpointSeq}` : sql`${checkpointSeq}`;
  await drizzle(db)
    .insert(mirrorStatus)
    .values({ source: REGISTRY_SOURCE, checkpointSeq: checkpointSeq ?? 0, lastError: error, lastErrorAt: at })
    .onConflictDoUpdate({
      target: mirrorStatus.source,
      set: { checkpointSeq: lastSeq, lastError: error, lastErrorAt: at },
      setWhere: sql`${mirrorStatus.checkpointSeq} <> ${lastSeq}
        or ${mirrorStatus.lastError} is not ${error}
        or ${mirrorStatus.lastErrorAt} <= ${at - STATUS_HEARTBEAT_MS}`,
    });
}

/** Records the result of a reconcile pass in D1, so that it is available while Postgres is down. */
export async function recordReconcile(db: D1Database, summary: ReconcileSummary): Promise<void> {
  const lastReconcile = JSON.stringify(summary);
  await drizzle(db)
    .insert(mirrorStatus)
    .values({ source: REGISTRY_SOURCE, checkpointSeq: summary.checkpointSeq, lastReconcile })
    .onConflictDoUpdate({ target: mirrorStatus.source, set: { lastReconcile } });
}
