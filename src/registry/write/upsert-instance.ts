import type { InstanceReport } from '../../domain/instance.ts';
import { repairStatement } from './repair-instance.ts';
import { ACCESS_INTERVAL_MS, MEASUREMENT_INTERVAL_MS } from '../intervals.ts';
import { NEXT_SEQ } from '../next-seq.ts';
import { retryWrite } from './retry-write.ts';
import { getDecodedColumn } from './decoded-column.ts';

/**
 * `unchanged`: the report contains nothing new, or is about a deleted room, an earlier incarnation or a deleted user. It
 * must not be retried.
 */
export type UpsertOutcome = 'written' | 'unchanged';

/*
 * Parameters: ?1 do_name, ?2 do_id, ?3 user_id, ?4 decoded_user_id, ?5 decoded_name, ?6 storage_bytes, ?7 created_at,
 * ?8 last_accessed_at, ?9 storage_measured_at, ?10 ACCESS_INTERVAL_MS, ?11 MEASUREMENT_INTERVAL_MS.
 *
 * Bare column names in the conflict clause refer to the stored row. A comparison with a null measurement is null and counts
 * as false. decoded_user_id and decoded_name depend on do_name only; setting decoded_user_id would also write the index
 * entry of user_id on each change.
 */
const UPSERT = `
INSERT INTO durable_object_instance
  (do_name, do_id, decoded_user_id, decoded_name, storage_bytes, created_at, last_accessed_at, storage_measured_at, seq)
SELECT ?1, ?2, ?4, ?5, ?6, ?7, ?8, ?9, ${NEXT_SEQ}
WHERE EXISTS (SELECT 1 FROM user WHERE id = ?3)
  AND NOT EXISTS (SELECT 1 FROM registry_tombstone WHERE do_name = ?1 AND created_at >= ?7)
ON CONFLICT (do_name) DO UPDATE SET
  do_id = excluded.do_id,
  storage_bytes = CASE
    WHEN excluded.created_at > created_at OR excluded.storage_measured_at > coalesce(storage_measured_at, -1)
    THEN excluded.storage_bytes ELSE storage_bytes END,
  storage_measured_at = CASE
    WHEN excluded.created_at > created_at OR excluded.storage_measured_at > coalesce(storage_measured_at, -1)
    THEN excluded.storage_measured_at ELSE storage_measured_at END,
  last_accessed_at = CASE
    WHEN excluded.created_at > created_at
    THEN excluded.last_accessed_at ELSE max(last_accessed_at, excluded.last_accessed_at) END,
  created_at = excluded.created_at,
  seq = excluded.seq
WHERE excluded.created_at > created_at
  OR (excluded.created_at = created_at AND (
    excluded.last_accessed_at >= last_accessed_at + ?10
    OR (excluded.storage_measured_at > coalesce(storage_measured_at, -1) AND (
      excluded.storage_bytes IS NOT storage_bytes
      OR excluded.storage_measured_at >= storage_measured_at + ?11
    ))
  ))`;

/** The statement that records a report. */
export function upsertStatement(
  db: D1Database | D1DatabaseSession,
  report: InstanceReport,
): D1PreparedStatement {
  return db
    .prepare(UPSERT)
    .bind(
      report.doName,
      report.doId,
      report.userId,
      getDecodedColumn(report.userId),
      getDecodedColumn(report.resourceName),
      report.measurement?.storageBytes ?? null,
      report.createdAt,
      report.accessedAt,
      report.measurement?.measuredAt ?? null,
      ACCESS_INTERVAL_MS,
      MEASUREMENT_INTERVAL_MS,
    );
}

/** Further statements of the same transaction and round trip. */
interface FurtherStatements {
  /** Prepare the upsert, for example by inserting the user. Idempotent. */
  readonly before?: readonly D1PreparedStatement[];
  /** Read something after the upsert. */
  readonly after?: readonly D1PreparedStatement[];
}

/**
 * Records a room's report in one round trip, and repairs an impossible row first. Writes two rows for a change, none
 * otherwise. Reports may be late, repeated and in any order: a row never goes back to an earlier state, a deleted room stays
 * deleted, and a new incarnation replaces the row. Rejects if D1 fails repeatedly.
 */
export async function upsertInstance(db: D1Database, report: InstanceReport): Promise<UpsertOutcome> {
  return (await upsertInstanceWith(db, report, {})).outcome;
}

/**
 * `upsertInstance` with further statements in the same batch.
 * @returns also the results of the statements in `after`
 */
export async function upsertInstanceWith(
  db: D1Database,
  report: InstanceReport,
  { before = [], after = [] }: FurtherStatements,
): Promise<{ outcome: UpsertOutcome; after: readonly D1Result<Record<string, unknown>>[] }> {
  const results = await retryWrite(() =>
    db.batch<Record<string, unknown>>([
      ...before,
      repairStatement(db, report, Date.now()),
      upsertStatement(db, report),
      ...after,
    ]),
  );
  const own = results.slice(before.length, results.length - after.length);
  const isWritten = own.some(({ meta }) => meta.changes > 0);
  return {
    outcome: isWritten ? 'written' : 'unchanged',
    after: results.slice(results.length - after.length),
  };
}
