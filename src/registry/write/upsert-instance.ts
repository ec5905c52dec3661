import type { InstanceReport } from '../../domain/instance.ts';
import { mendStatement } from './repair-instance.ts';
import { ACCESS_INTERVAL_MS, MEASUREMENT_INTERVAL_MS } from '../intervals.ts';
import { NEXT_SEQ } from '../next-seq.ts';
import { retryWrite } from './retry-write.ts';
import { storedPart } from './stored-part.ts';

/**
 * `nothing new`: the registry knows as much already, or the report is of what is no more: a deleted room, an earlier
 * incarnation, a user who is gone. Either way there is nothing to try again.
 */
export type UpsertOutcome = 'written' | 'nothing new';

/*
 * Parameters: ?1 do_name, ?2 do_id, ?3 user_id, ?4 decoded_user_id, ?5 decoded_name, ?6 storage_bytes, ?7 created_at,
 * ?8 last_accessed_at, ?9 storage_measured_at, ?10 ACCESS_INTERVAL_MS, ?11 MEASUREMENT_INTERVAL_MS.
 *
 * Bare column names in the conflict clause are the stored row's. A comparison with a null measurement is null, which
 * decides like false. decoded_user_id and decoded_name follow from do_name and so are never set again: naming
 * decoded_user_id would rewrite the index entry of user_id, one more row written on each change.
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
      storedPart(report.userId),
      storedPart(report.resourceName),
      report.measurement?.storageBytes ?? null,
      report.createdAt,
      report.accessedAt,
      report.measurement?.measuredAt ?? null,
      ACCESS_INTERVAL_MS,
      MEASUREMENT_INTERVAL_MS,
    );
}

/** What belongs into the same transaction and round trip. */
interface Beside {
  /** What the row needs first; idempotent. */
  readonly before?: readonly D1PreparedStatement[];
  /** What is read once the report is recorded. */
  readonly after?: readonly D1PreparedStatement[];
}

/**
 * Records a room's report: one round trip, two rows written where it is news about a known room, none where it is
 * not. A row that cannot be right is mended first. Reports may come late, twice and in any order: the row never moves backwards, a room that was deleted does
 * not come back, and an incarnation replaces the whole row of the one before.
 *
 * What is no news is not kept, not even that it was measured: a size that went there and back within
 * `MEASUREMENT_INTERVAL_MS` is told wrong if the report of the middle one comes last. The room's next report, which
 * its alarm sends, puts that right.
 *
 * Rejects where D1 fails, after some tries.
 */
export async function upsertInstance(db: D1Database, report: InstanceReport): Promise<UpsertOutcome> {
  return (await upsertInstanceBeside(db, report, {})).outcome;
}

/**
 * `upsertInstance` with other statements around it.
 * @returns also what those of `after` gave, in their order
 */
export async function upsertInstanceBeside(
  db: D1Database,
  report: InstanceReport,
  { before = [], after = [] }: Beside,
): Promise<{ outcome: UpsertOutcome; after: readonly D1Result<Record<string, unknown>>[] }> {
  const results = await retryWrite(() =>
    db.batch<Record<string, unknown>>([
      ...before,
      mendStatement(db, report, Date.now()),
      upsertStatement(db, report),
      ...after,
    ]),
  );
  const own = results.slice(before.length, results.length - after.length);
  const isWritten = own.some(({ meta }) => meta.changes > 0);
  return {
    outcome: isWritten ? 'written' : 'nothing new',
    after: results.slice(results.length - after.length),
  };
}
