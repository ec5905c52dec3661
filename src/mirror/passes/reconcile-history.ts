import type { Client } from 'pg';
import { readStorageDayRange, readUnsettledUsers } from '../../registry/changes/storage-days.ts';
import { areDaysEqual, findDayDifferences, type UserRange } from '../postgres/compare-storage-days.ts';
import {
  addCounts,
  copyCounts,
  type ReconcileMode,
  type ReconcileProgress,
  type ReconcileWork,
} from './reconcile-record.ts';
import { deleteStorageDays, markGone, overwriteStorageDays } from '../postgres/storage-days.ts';

interface CompareHistoryDeps {
  readonly db: D1Database;
  readonly client: Client;
  readonly mode: ReconcileMode;
  readonly limits: { readonly rangeRows: number };
}

/**
 * Compares and repairs the storage history, whole users at a time, until the time is up. Ignores users with a change after
 * the checkpoint, because their history may be ahead of it. Rows that the registry has pruned are marked and stay.
 */
export async function compareHistory(
  deps: CompareHistoryDeps,
  { seq, record, isTimeUp }: ReconcileWork,
): Promise<ReconcileProgress> {
  const { client, db, limits } = deps;
  const counts = copyCounts(record);
  let from = record.comparedThrough;
  const unsettled = await readUnsettledUsers(db, seq);
  // Too many changes: the next run continues after an incremental pass.
  if (unsettled === null) return { counts, comparedThrough: from, done: false };
  for (;;) {
    const registry = await readStorageDayRange(db, {
      from: from ?? '',
      seq,
      limit: limits.rangeRows,
      unsettled,
    });
    let { to } = registry;
    if (await areDaysEqual(client, { from, to }, registry)) {
      counts.compared += registry.settledRows;
    } else {
      const found = await compareDays(deps, { from, to }, seq, registry.unsettled);
      ({ to } = found);
      addCounts(counts, found);
    }
    from = to;
    if (to === null || isTimeUp()) return { counts, comparedThrough: to, done: to === null };
  }
}

async function compareDays(
  { client, db, limits, mode }: CompareHistoryDeps,
  range: UserRange,
  seq: number,
  unsettled: readonly string[],
) {
  const found = await findDayDifferences({ db, client }, range, {
    seq,
    unsettled,
    limit: 4 * limits.rangeRows,
  });
  const { to, compared, missing, different, extra, gone } = found;
  let repaired = 0;
  if (mode === 'repair') {
    await markGone(client, gone);
    repaired += await deleteStorageDays(client, extra);
    repaired += await overwriteStorageDays(client, [...missing, ...different]);
  }
  return {
    to,
    compared,
    missing: missing.length,
    different: different.length,
    extra: extra.length,
    repaired,
  };
}
