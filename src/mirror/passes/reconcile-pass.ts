import { drizzle } from 'drizzle-orm/node-postgres';
import type { Client } from 'pg';
import { readRange, readRangeRows, type RegistryRange } from '../../registry/changes/ranges.ts';
import { deleteExtra, overwriteRows } from '../postgres/apply-changes.ts';
import { lockCheckpoint, REGISTRY_SOURCE } from '../postgres/checkpoint.ts';
import { findDifferences, isEqual, type NameRange, readCopiedRows } from '../postgres/compare-ranges.ts';
import { inTransaction, type PostgresSettings } from '../postgres/connect.ts';
import { compareHistory } from './reconcile-history.ts';
import {
  addCounts,
  startPass,
  continuePass,
  copyCounts,
  readLastPass,
  recordProgress,
  type ReconcileCounts,
  type ReconcileMode,
  type ReconcileProgress,
  type ReconcileWork,
} from './reconcile-record.ts';

/** Limits of one run. The next run continues. */
export interface ReconcileLimits {
  /** Registry rows per fingerprint. At most twice as many are compared row by row at once. */
  readonly rangeRows: number;
  /** A transaction starts no further range after this time, because other runs wait for its lock. */
  readonly transactionSeconds: number;
  /** A run starts no further transaction after this time. */
  readonly runSeconds: number;
}

/** A range takes about 1 MB as text and about 10 MB as rows, of 128 MB. */
export const RECONCILE_LIMITS: ReconcileLimits = { rangeRows: 5_000, transactionSeconds: 2, runSeconds: 40 };

export interface ReconcilePassDeps {
  readonly db: D1Database;
  /** Connected and not used by anything else. */
  readonly client: Client;
  readonly mode: ReconcileMode;
  readonly limits: ReconcileLimits;
  readonly timeouts: PostgresSettings;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Counts of the rows of the storage history. */
type HistoryCounts = Omit<ReconcileCounts, 'seconds'>;

/** Counts and seconds include all runs of the pass. */
export interface ReconcileSummary extends ReconcileCounts {
  readonly pass: 'reconcile';
  readonly mode: ReconcileMode;
  readonly startedAt: string;
  /** `null` if the next run continues the pass. */
  readonly finishedAt: string | null;
  readonly more: boolean;
  /** The checkpoint of the last compared range. */
  readonly checkpointSeq: number;
  readonly history: HistoryCounts;
}

/**
 * Compares the whole copy with the registry, range by range in the order of names, and repairs differences. Compares
 * fingerprints first, and rows only if they differ. Exact while both sides change: the checkpoint is locked, and names with a
 * later change in D1 are ignored, because the incremental pass will apply them.
 */
export async function runReconcilePass(deps: ReconcilePassDeps): Promise<ReconcileSummary> {
  const startedAt = deps.now();
  for (;;) {
    const { summary, hasAdvanced } = await runTransaction(deps);
    if (!summary.more || !hasAdvanced) return summary;
    if (deps.now() - startedAt >= deps.limits.runSeconds * 1000) return summary;
  }
}

/** `hasAdvanced` is false if the pass has to wait for the incremental pass. */
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
    const noted = await recordProgress(postgres, record, mode, { ...counts, comparedThrough, done });
    if (source === REGISTRY_SOURCE && done) await startPass(postgres, 'user_storage_day', mode);

    const ofRooms = source === REGISTRY_SOURCE ? record : await readLastPass(postgres, REGISTRY_SOURCE, mode);
    const rooms = source === REGISTRY_SOURCE ? counts : copyCounts(ofRooms);
    const { seconds, ...history } = source === REGISTRY_SOURCE ? copyCounts(undefined) : counts;
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
  const counts = copyCounts(record);
  let from = record.comparedThrough;
  let ahead: Promise<RegistryRange> | undefined;
  for (;;) {
    const registry = await (ahead ?? readAhead(deps, seq, from));
    let { to } = registry;
    // Reads the next range from D1 while Postgres compares this one.
    ahead = to === null || isTimeUp() ? undefined : readAhead(deps, seq, to);
    if (await isEqual(client, { from, to }, registry, { seq, limit: 2 * limits.rangeRows })) {
      counts.compared += registry.settledRows;
    } else {
      const found = await compareRows(deps, { from, to }, seq);
      if (found.to !== to) ahead = undefined;
      ({ to } = found);
      addCounts(counts, found);
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
  // If the result is not used, its error must not be unhandled.
  void Promise.allSettled([range]);
  return range;
}

/** Compares and repairs a range row by row. Shortens the range if a side has too many rows. */
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
  const { compared, missing, different, extra } = findDifferences(registry, copy, seq);
  const repaired =
    mode === 'detect'
      ? 0
      : (await deleteExtra(client, extra)) + (await overwriteRows(client, [...missing, ...different]));
  return {
    to,
    compared,
    missing: missing.length,
    extra: extra.length,
    different: different.length,
    repaired,
  };
}
