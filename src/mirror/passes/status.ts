import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { REGISTRY_SOURCE } from '../postgres/checkpoint.ts';
import type { ReconcileSummary } from './reconcile-pass.ts';
import { mirrorStatus } from './status-schema.ts';

/**
 * A run that changed nothing is noted this often, in milliseconds: rows written are billed, and runs may come every
 * few seconds.
 */
const STATUS_HEARTBEAT_MS = 30_000;

export type MirrorStatus = Omit<typeof mirrorStatus.$inferSelect, 'source'>;

/** The statement that finds what the last runs came to, as a `MirrorStatus`; no row before the first. */
export function statusStatement(session: D1DatabaseSession): D1PreparedStatement {
  return session
    .prepare(
      `SELECT checkpoint_seq AS checkpointSeq, last_success_at AS lastSuccessAt, last_error AS lastError,
         last_error_at AS lastErrorAt, last_reconcile AS lastReconcile
       FROM mirror_status WHERE source = ?`,
    )
    .bind(REGISTRY_SOURCE);
}

/** SQL for the number up to which Postgres had the registry when a run last saw it; 0 before the first. */
export const CHECKPOINT_SEEN = `coalesce((SELECT checkpoint_seq FROM mirror_status WHERE source = '${REGISTRY_SOURCE}'), 0)`;

/** Notes a run that succeeded at `at` (Unix milliseconds); writes only what is new, or the heartbeat. */
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
 * Notes a run that failed at `at` (Unix milliseconds); writes only what is new, or the heartbeat.
 * @param checkpointSeq how far the run is known to have come, `null` where it never saw the checkpoint
 */
export async function recordFailure(
  db: D1Database,
  error: string,
  checkpointSeq: number | null,
  at: number,
): Promise<void> {
  const seen = checkpointSeq === null ? sql`${mirrorStatus.checkpointSeq}` : sql`${checkpointSeq}`;
  await drizzle(db)
    .insert(mirrorStatus)
    .values({ source: REGISTRY_SOURCE, checkpointSeq: checkpointSeq ?? 0, lastError: error, lastErrorAt: at })
    .onConflictDoUpdate({
      target: mirrorStatus.source,
      set: { checkpointSeq: seen, lastError: error, lastErrorAt: at },
      setWhere: sql`${mirrorStatus.checkpointSeq} <> ${seen}
        or ${mirrorStatus.lastError} is not ${error}
        or ${mirrorStatus.lastErrorAt} <= ${at - STATUS_HEARTBEAT_MS}`,
    });
}

/** Notes what a reconcile pass has come to, for whoever reads the status while Postgres is down. */
export async function recordReconcile(db: D1Database, summary: ReconcileSummary): Promise<void> {
  const lastReconcile = JSON.stringify(summary);
  await drizzle(db)
    .insert(mirrorStatus)
    .values({ source: REGISTRY_SOURCE, checkpointSeq: summary.checkpointSeq, lastReconcile })
    .onConflictDoUpdate({ target: mirrorStatus.source, set: { lastReconcile } });
}
