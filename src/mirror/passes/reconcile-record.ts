import { and, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { REGISTRY_SOURCE } from '../postgres/checkpoint.ts';
import { mirrorReconcile } from '../postgres/schema.ts';

/** `detect` finds and counts; `repair` also puts right. */
export const RECONCILE_MODES = ['repair', 'detect'] as const;
export type ReconcileMode = (typeof RECONCILE_MODES)[number];

/** What a pass compares, one after the other, each with a record of its own: the rooms, and then what each user stored when. */
export type ReconcileSource = typeof REGISTRY_SOURCE | 'user_storage_day';

/** How often the cron begins a reconcile pass, in seconds. One reads every row of the registry once. */
export const RECONCILE_INTERVAL_SECONDS = 60 * 60;

/** Finished passes that are kept, of each mode and source. */
const PASSES_KEPT = 400;

/** What a pass has come to so far. */
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
  /** The name, or the user, up to whom it has compared; `null` before the first range. */
  readonly comparedThrough: string | null;
}

/** What one transaction works on: the record of the pass, as of the locked checkpoint. */
export interface ReconcileWork {
  readonly seq: number;
  readonly record: ReconcileRecord;
  readonly isTimeUp: () => boolean;
}

export interface ReconcileProgress {
  /** Of the pass so far, without the seconds of this transaction. */
  readonly counts: { -readonly [Count in keyof ReconcileCounts]: number };
  readonly comparedThrough: string | null;
  readonly done: boolean;
}

/** To go on counting from. */
export function countsOf(record: ReconcileCounts | undefined): ReconcileProgress['counts'] {
  const { compared = 0, missing = 0, extra = 0, different = 0, repaired = 0, seconds = 0 } = record ?? {};
  return { compared, missing, extra, different, repaired, seconds };
}

export function addTo(
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

/** The pass that goes on, or a new one. The checkpoint must be locked, so that there is one at a time. */
export async function continuePass(postgres: NodePgDatabase, mode: ReconcileMode): Promise<ReconcileRecord> {
  const [unfinished] = await postgres
    .select(columns)
    .from(mirrorReconcile)
    .where(and(eq(mirrorReconcile.mode, mode), isNull(mirrorReconcile.finishedAt)))
    .orderBy(desc(mirrorReconcile.id))
    .limit(1)
    .for('update');
  return unfinished ?? beginPass(postgres, REGISTRY_SOURCE, mode);
}

export async function beginPass(
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

/** The last pass of a source that was begun. */
export async function lastPass(
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

/** Forgets what was compared, and asks for a pass that repairs from the beginning. The checkpoint must be locked. */
export async function beginAnew(postgres: NodePgDatabase): Promise<void> {
  await postgres.delete(mirrorReconcile).where(isNull(mirrorReconcile.finishedAt));
  await beginPass(postgres, REGISTRY_SOURCE, 'repair');
}

/**
 * Notes how far a pass has come, in the transaction of its repairs.
 * @returns when it was finished; `null` where it goes on
 */
export async function notePass(
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
    .offset(PASSES_KEPT - 1)
    .limit(1);
  await postgres.delete(mirrorReconcile).where(and(of(source, mode), lt(mirrorReconcile.id, oldest)));
  return noted?.finishedAt ?? null;
}

/** Whether the cron must work on a pass that repairs: one goes on, or the last one began too long ago. */
export async function isPassDue(postgres: NodePgDatabase): Promise<boolean> {
  const since = sql`now() - make_interval(secs => ${RECONCILE_INTERVAL_SECONDS})`;
  const recent = and(eq(mirrorReconcile.source, REGISTRY_SOURCE), gt(mirrorReconcile.startedAt, since));
  const found = await postgres
    .select({ finishedAt: mirrorReconcile.finishedAt })
    .from(mirrorReconcile)
    .where(and(eq(mirrorReconcile.mode, 'repair'), or(isNull(mirrorReconcile.finishedAt), recent)))
    // Locked, so that Hyperdrive does not answer out of its cache.
    .for('update');
  return found.length === 0 || found.some(({ finishedAt }) => finishedAt === null);
}
