import { drizzle } from 'drizzle-orm/node-postgres';
import type { Client } from 'pg';
import { readRange, readRangeRows, type RegistryRange } from '../../registry/changes/ranges.ts';
import { deleteExtra, overwrite } from '../postgres/apply-changes.ts';
import { lockCheckpoint, REGISTRY_SOURCE } from '../postgres/checkpoint.ts';
import { differencesOf, isEqual, type NameRange, readCopiedRows } from '../postgres/compare-ranges.ts';
import { inTransaction, type PostgresSettings } from '../postgres/connect.ts';
import { compareHistory } from './reconcile-history.ts';
import {
  addTo,
  beginPass,
  continuePass,
  countsOf,
  lastPass,
  notePass,
  type ReconcileCounts,
  type ReconcileMode,
  type ReconcileProgress,
  type ReconcileWork,
} from './reconcile-record.ts';

/** What one run may do at most; the rest is the next run's. */
export interface ReconcileLimits {
  /** Rows of the registry whose fingerprint is taken at once; twice as many are compared and repaired one by one at most. */
  readonly rangeRows: number;
  /** Seconds after which a transaction begins no further range: it holds the checkpoint, for which other runs wait. */
  readonly transactionSeconds: number;
  /** Seconds after which a run begins no further transaction. */
  readonly runSeconds: number;
}

/** The text of a range is about 1 MB, and its rows one by one about 10 MB of a Worker's 128. */
export const RECONCILE_LIMITS: ReconcileLimits = { rangeRows: 5_000, transactionSeconds: 2, runSeconds: 40 };

export interface ReconcilePassDeps {
  readonly db: D1Database;
  /** Connected, and used by nothing else meanwhile. */
  readonly client: Client;
  readonly mode: ReconcileMode;
  readonly limits: ReconcileLimits;
  readonly timeouts: PostgresSettings;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Of the history of what users stored: its rows. */
type HistoryCounts = Omit<ReconcileCounts, 'seconds'>;

/** Counts and seconds are of the whole pass, over all the runs that it took. */
export interface ReconcileSummary extends ReconcileCounts {
  readonly pass: 'reconcile';
  readonly mode: ReconcileMode;
  readonly startedAt: string;
  /** `null` where the next run goes on. */
  readonly finishedAt: string | null;
  readonly more: boolean;
  /** The checkpoint as of which the last range was compared. */
  readonly checkpointSeq: number;
  readonly history: HistoryCounts;
}

/**
 * Compares the whole copy with the registry, range by range in the order of names, and puts right what differs. A range
 * that is equal costs one row of text from D1 and one hash from Postgres; of one that differs the rows are compared.
 *
 * It is exact while both sides change: the checkpoint is locked, so the copy must be the registry as of that number. A row
 * of D1 with a later number, or a later tombstone, is the incremental pass's to bring, and its name is left alone. All
 * others have not changed since, so they must be the same on both sides, and a name that D1 does not know must be in
 * neither. No tombstone up to the checkpoint is needed.
 */
export async function runReconcilePass(deps: ReconcilePassDeps): Promise<ReconcileSummary> {
  const startedAt = deps.now();
  for (;;) {
    const { summary, hasAdvanced } = await runTransaction(deps);
    if (!summary.more || !hasAdvanced) return summary;
    if (deps.now() - startedAt >= deps.limits.runSeconds * 1000) return summary;
  }
}

/** `hasAdvanced` is false where the pass waits for the incremental one: another transaction would find the same. */
async function runTransaction(
  deps: ReconcilePassDeps,
): Promise<{ readonly summary: ReconcileSummary; readonly hasAdvanced: boolean }> {
  const { client, limits, mode, now, timeouts } = deps;
  const postgres = drizzle(client);
  return inTransaction(client, timeouts, async () => {
    const seq = await lockCheckpoint(postgres);
    const record = await continuePass(postgres, mode);
    const { source } = record;
    const startedAt = now();
    const isTimeUp = () => now() - startedAt >= limits.transactionSeconds * 1000;
    const compare = source === REGISTRY_SOURCE ? compareRooms : compareHistory;
    const { counts, comparedThrough, done } = await compare(deps, { seq, record, isTimeUp });
    counts.seconds += (now() - startedAt) / 1000;
    const noted = await notePass(postgres, record, mode, { ...counts, comparedThrough, done });
    if (source === REGISTRY_SOURCE && done) await beginPass(postgres, 'user_storage_day', mode);

    const ofRooms = source === REGISTRY_SOURCE ? record : await lastPass(postgres, REGISTRY_SOURCE, mode);
    const rooms = source === REGISTRY_SOURCE ? counts : countsOf(ofRooms);
    const { seconds, ...history } = source === REGISTRY_SOURCE ? countsOf(undefined) : counts;
    const finishedAt = source === REGISTRY_SOURCE ? null : noted;
    const hasAdvanced = done || comparedThrough !== record.comparedThrough;
    const summary: ReconcileSummary = {
      pass: 'reconcile',
      mode,
      startedAt: (ofRooms ?? record).startedAt.toISOString(),
      finishedAt: finishedAt?.toISOString() ?? null,
      more: finishedAt === null,
      checkpointSeq: seq,
      ...rooms,
      seconds: rooms.seconds + seconds,
      history,
    };
    return { summary, hasAdvanced };
  });
}

async function compareRooms(
  deps: ReconcilePassDeps,
  { seq, record, isTimeUp }: ReconcileWork,
): Promise<ReconcileProgress> {
  const { client, limits } = deps;
  const counts = countsOf(record);
  let from = record.comparedThrough;
  let ahead: Promise<RegistryRange> | undefined;
  for (;;) {
    const registry = await (ahead ?? readAhead(deps, seq, from));
    let { to } = registry;
    // D1 reads the next range while Postgres answers for this one.
    ahead = to === null || isTimeUp() ? undefined : readAhead(deps, seq, to);
    if (await isEqual(client, { from, to }, registry, { seq, limit: 2 * limits.rangeRows })) {
      counts.compared += registry.settledRows;
    } else {
      const found = await compareRows(deps, { from, to }, seq);
      if (found.to !== to) ahead = undefined;
      ({ to } = found);
      addTo(counts, found);
    }
    from = to;
    if (to === null || isTimeUp()) return { counts, comparedThrough: to, done: to === null };
  }
}

function readAhead(
  { db, limits }: ReconcilePassDeps,
  seq: number,
  from: string | null,
): Promise<RegistryRange> {
  const range = readRange(db, { from: from ?? '', seq, limit: limits.rangeRows });
  // It may be dropped unread, and its error with it: then the range is read again.
  void Promise.allSettled([range]);
  return range;
}

/** Compares a range row by row, and repairs it. It ends sooner than asked where one of the sides has too many rows. */
async function compareRows(
  { client, db, limits, mode }: ReconcilePassDeps,
  range: NameRange,
  seq: number,
): Promise<HistoryCounts & { to: string | null }> {
  const limit = 2 * limits.rangeRows;
  const { from } = range;
  let { to } = range;
  const readRegistry = () => readRangeRows(db, { from: from ?? '', to, seq, limit });

  let registry = await readRegistry();
  if (registry.rows.length === limit) to = registry.rows.at(-1)?.doName ?? to;
  const copy = await readCopiedRows(client, { from, to }, limit);
  const last = copy.at(-1)?.doName;
  if (copy.length === limit && last !== undefined && last !== to) {
    to = last;
    registry = await readRegistry();
  }
  const { compared, missing, different, extra } = differencesOf(registry, copy, seq);
  const repaired =
    mode === 'detect'
      ? 0
      : (await deleteExtra(client, extra)) + (await overwrite(client, [...missing, ...different]));
  return {
    to,
    compared,
    missing: missing.length,
    extra: extra.length,
    different: different.length,
    repaired,
  };
}
