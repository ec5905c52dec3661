import { and, desc, eq, gt, isNull, lt, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { REGISTRY_SOURCE } from './checkpoint.ts';
import { mirrorReconcile } from './schema.ts';

/** `detect` finds and counts; `repair` also puts right. */
export const RECONCILE_MODES = ['repair', 'detect'] as const;
export type ReconcileMode = (typeof RECONCILE_MODES)[number];

/** How often the cron begins a reconcile pass, in seconds. One reads every row of the registry once. */
export const RECONCILE_INTERVAL_SECONDS = 60 * 60;

/** Finished passes that are kept, of each mode. */
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
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  /** The name up to which it has compared; `null` before the first range. */
  readonly comparedThrough: string | null;
}

const columns = {
  id: mirrorReconcile.id,
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

const ofMode = (mode: ReconcileMode) =>
  and(eq(mirrorReconcile.source, REGISTRY_SOURCE), eq(mirrorReconcile.mode, mode));

/** The pass that goes on, or a new one. The checkpoint must be locked, so that there is one at a time. */
export async function continuePass(postgres: NodePgDatabase, mode: ReconcileMode): Promise<ReconcileRecord> {
  const [unfinished] = await postgres
    .select(columns)
    .from(mirrorReconcile)
    .where(and(ofMode(mode), isNull(mirrorReconcile.finishedAt)))
    .orderBy(desc(mirrorReconcile.id))
    .limit(1)
    .for('update');
  return unfinished ?? beginPass(postgres, mode);
}

async function beginPass(postgres: NodePgDatabase, mode: ReconcileMode): Promise<ReconcileRecord> {
  const [begun] = await postgres
    .insert(mirrorReconcile)
    .values({ source: REGISTRY_SOURCE, mode, startedAt: sql`clock_timestamp()` })
    .returning(columns);
  if (begun === undefined) throw new Error('an insert returned no row');
  return begun;
}

/** Forgets what was compared, and asks for a pass that repairs from the beginning. The checkpoint must be locked. */
export async function beginAnew(postgres: NodePgDatabase): Promise<void> {
  await postgres
    .delete(mirrorReconcile)
    .where(and(eq(mirrorReconcile.source, REGISTRY_SOURCE), isNull(mirrorReconcile.finishedAt)));
  await beginPass(postgres, 'repair');
}

/**
 * Notes how far a pass has come, in the transaction of its repairs.
 * @returns when it was finished; `null` where it goes on
 */
export async function notePass(
  postgres: NodePgDatabase,
  mode: ReconcileMode,
  id: number,
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
    .where(ofMode(mode))
    .orderBy(desc(mirrorReconcile.id))
    .offset(PASSES_KEPT - 1)
    .limit(1);
  await postgres.delete(mirrorReconcile).where(and(ofMode(mode), lt(mirrorReconcile.id, oldest)));
  return noted?.finishedAt ?? null;
}

/** Whether the cron must work on a pass that repairs: one goes on, or the last one began too long ago. */
export async function isPassDue(postgres: NodePgDatabase): Promise<boolean> {
  const [fresh] = await postgres
    .select({ finishedAt: mirrorReconcile.finishedAt })
    .from(mirrorReconcile)
    .where(
      and(
        ofMode('repair'),
        gt(mirrorReconcile.startedAt, sql`now() - make_interval(secs => ${RECONCILE_INTERVAL_SECONDS})`),
      ),
    )
    .orderBy(desc(mirrorReconcile.id))
    .limit(1)
    // Locked, so that Hyperdrive does not answer out of its cache.
    .for('update');
  return fresh === undefined || fresh.finishedAt === null;
}
