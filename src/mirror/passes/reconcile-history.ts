import type { Client } from 'pg';
import { readStorageDayRange, readUnsettledUsers } from '../../registry/changes/storage-days.ts';
import { areDaysEqual, differencesOfDays, type UserRange } from '../postgres/compare-storage-days.ts';
import {
  addTo,
  countsOf,
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
 * Compares the history of what users stored, whole users at a time, and puts right what differs, until the time is up.
 *
 * A user of whose rooms a change is later than the checkpoint is left alone: his history may be anywhere between. Of all others
 * nothing has changed since, so the copy must have exactly the rows that the registry has of them. What the registry has pruned
 * stays in the copy, marked.
 */
export async function compareHistory(
  deps: CompareHistoryDeps,
  { seq, record, isTimeUp }: ReconcileWork,
): Promise<ReconcileProgress> {
  const { client, db, limits } = deps;
  const counts = countsOf(record);
  let from = record.comparedThrough;
  const unsettled = await readUnsettledUsers(db, seq);
  // The incremental pass comes first: the next run goes on.
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
      addTo(counts, found);
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
  const found = await differencesOfDays({ db, client }, range, {
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
