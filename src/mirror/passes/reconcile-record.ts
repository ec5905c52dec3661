import { and, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { REGISTRY_SOURCE } from '../postgres/checkpoint.ts';
import { mirrorReconcile } from '../postgres/schema.ts';

/** `detect` only counts differences; `repair` also repairs them. */
export const RECONCILE_MODES = ['repair', 'detect'] as const;
export type ReconcileMode = (typeof RECONCILE_MODES)[number];

/** A pass compares the rooms and then the storage history, each with its own record. */
export type ReconcileSource = typeof REGISTRY_SOURCE | 'user_storage_day';

/** Interval of reconcile passes. Each reads every row of the registry once. */
export const RECONCILE_INTERVAL_SECONDS = 60 * 60;

/** Finished passes kept per mode and source. */
const MAX_PASSES_KEPT = 400;

/** Progress of a pass. */
export interface ReconcileCounts {
  /** Rows of the registry that were compared. */
  readonly compared: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  /** Rows inserted, changed or deleted in Postgres. */
  readonly repaired: number;
  /** Seconds of work. */
  readonly seconds: number;
}

export interface ReconcileRecord extends ReconcileCounts {
  readonly id: number;
  readonly source: ReconcileSource;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  /** The last compared name or user; `null` before the first range. */
  readonly comparedThrough: string | null;
}

/** The work of one transaction. */
export interface ReconcileWork {
  /** The locked checkpoint. */
  readonly seq: number;
  readonly record: ReconcileRecord;
  readonly isTimeUp: () => boolean;
}

export interface ReconcileProgress {
  /** Totals of the pass, without the seconds of this transaction. */
  readonly counts: { -readonly [Count in keyof ReconcileCounts]: number };
  readonly comparedThrough: string | null;
  readonly done: boolean;
}

/** A mutable copy of the counts of a record, or zeros. */
export function copyCounts(record: ReconcileCounts | undefined): ReconcileProgress['counts'] {
  const { compared = 0, missing = 0, extra = 0, different = 0, repaired = 0, seconds = 0 } = record ?? {};
  return { compared, missing, extra, different, repaired, seconds };
}

export function addCounts(
  counts: ReconcileProgress['counts'],
  { compared, missing, extra, different, repaired }: Omit<ReconcileCounts, 'seconds'>,
): void {
  counts.compared += compared;
  counts.missing += missing;
  counts.extra += extra;
  counts.different += different;
  counts.repaired += repaired;
}

const columns = {
  id: mirrorReconcile.id,
  source: sql<ReconcileSource>`${mirrorReconcile.source}`,
  startedAt: mirrorReconcile.startedAt,
  finishedAt: mirrorReconcile.finishedAt,
  comparedThrough: mirrorReconcile.comparedThrough,
  compared: mirrorReconcile.compared,
  missing: mirrorReconcile.missing,
  extra: mirrorReconcile.extra,
  different: mirrorReconcile.different,
  repaired: mirrorReconcile.repaired,
  seconds: mirrorReconcile.seconds,
};

const of = (source: ReconcileSource, mode: ReconcileMode) =>
  and(eq(mirrorReconcile.source, source), eq(mirrorReconcile.mode, mode));

/** The unfinished pass or a new one. The checkpoint must be locked, so that only one pass exists. */
export async function continuePass(postgres: NodePgDatabase, mode: ReconcileMode): Promise<ReconcileRecord> {
  const [unfinished] = await postgres
    .select(columns)
    .from(mirrorReconcile)
    .where(and(eq(mirrorReconcile.mode, mode), isNull(mirrorReconcile.finishedAt)))
    .orderBy(desc(mirrorReconcile.id))
    .limit(1)
    .for('update');
  return unfinished ?? startPass(postgres, REGISTRY_SOURCE, mode);
}

export async function startPass(
  postgres: NodePgDatabase,
  source: ReconcileSource,
  mode: ReconcileMode,
): Promise<ReconcileRecord> {
  const [begun] = await postgres
    .insert(mirrorReconcile)
    .values({ source, mode, startedAt: sql`clock_timestamp()` })
    .returning(columns);
  if (begun === undefined) throw new Error('an insert returned no row');
  return begun;
}

/** The most recent pass of a source. */
export async function readLastPass(
  postgres: NodePgDatabase,
  source: ReconcileSource,
  mode: ReconcileMode,
): Promise<ReconcileRecord | undefined> {
  const [last] = await postgres
    .select(columns)
    .from(mirrorReconcile)
    .where(of(source, mode))
    .orderBy(desc(mirrorReconcile.id))
    .limit(1);
  return last;
}

/** Deletes unfinished passes and starts a new one that repairs. The checkpoint must be locked. */
export async function restartPass(postgres: NodePgDatabase): Promise<void> {
  await postgres.delete(mirrorReconcile).where(isNull(mirrorReconcile.finishedAt));
  await startPass(postgres, REGISTRY_SOURCE, 'repair');
}

/**
 * Records the progress of a pass, in the transaction of its repairs.
 * @returns when the pass finished; `null` if it continues
 */
export async function recordProgress(
  postgres: NodePgDatabase,
  { id, source }: Pick<ReconcileRecord, 'id' | 'source'>,
  mode: ReconcileMode,
  { comparedThrough, done, ...counts }: ReconcileCounts & { comparedThrough: string | null; done: boolean },
): Promise<Date | null> {
  const [noted] = await postgres
    .update(mirrorReconcile)
    .set({ ...counts, comparedThrough, finishedAt: done ? sql`clock_timestamp()` : null })
    .where(eq(mirrorReconcile.id, id))
    .returning({ finishedAt: mirrorReconcile.finishedAt });
  if (!done) return null;
  const oldest = postgres
    .select({ id: mirrorReconcile.id })
    .from(mirrorReconcile)
    .where(of(source, mode))
    .orderBy(desc(mirrorReconcile.id))
    .offset(MAX_PASSES_KEPT - 1)
    .limit(1);
  await postgres.delete(mirrorReconcile).where(and(of(source, mode), lt(mirrorReconcile.id, oldest)));
  return noted?.finishedAt ?? null;
}

/** Whether a pass that repairs is unfinished or the last one started too long ago. */
export async function isPassDue(postgres: NodePgDatabase): Promise<boolean> {
  const since = sql`now() - make_interval(secs => ${RECONCILE_INTERVAL_SECONDS})`;
  const recent = and(eq(mirrorReconcile.source, REGISTRY_SOURCE), gt(mirrorReconcile.startedAt, since));
  const found = await postgres
    .select({ finishedAt: mirrorReconcile.finishedAt })
    .from(mirrorReconcile)
    .where(and(eq(mirrorReconcile.mode, 'repair'), or(isNull(mirrorReconcile.finishedAt), recent)))
    // The lock prevents a cached answer of Hyperdrive.
    .for('update');
  return found.length === 0 || found.some(({ finishedAt }) => finishedAt === null);
}
