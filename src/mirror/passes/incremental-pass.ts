import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { Client } from 'pg';
import { type ChangesPage, readChangesAfter, readLatestSeq } from '../../registry/changes/changes.ts';
import { deleteGone, upsertChanged } from '../postgres/apply-changes.ts';
import { lockCheckpoint, moveCheckpoint } from '../postgres/checkpoint.ts';
import { inTransaction, type PostgresSettings } from '../postgres/connect.ts';
import { beginAnew, isPassDue } from './reconcile-record.ts';
import { deleteStorageDaysAfter, upsertStorageDays, withStorageDays } from '../postgres/storage-days.ts';

/** What one run may do at most; the rest is the next run's. */
export interface PassLimits {
  /** Rows and tombstones of one transaction. */
  readonly batchRows: number;
  /** Rows and tombstones of one run. */
  readonly runRows: number;
  /** Seconds after which a run begins no further batch. */
  readonly runSeconds: number;
}

/** A batch of 5,000 is about 2 MB, a tenth of a second of Postgres, and far from a Worker's 128 MB. */
export const PASS_LIMITS: PassLimits = { batchRows: 5_000, runRows: 200_000, runSeconds: 40 };

/**
 * Rows of the history of its users that a batch carries at most, for each of its changes. Where there are more, as in a first copy of
 * a history of years, the batch ends sooner.
 */
const STORAGE_DAYS_A_ROW = 4;

export interface IncrementalPassDeps {
  readonly db: D1Database;
  /** Connected, and used by nothing else meanwhile. */
  readonly client: Client;
  readonly limits: PassLimits;
  readonly timeouts: PostgresSettings;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told each checkpoint that is known to be committed, so that a run that fails later still says how far it came. */
  readonly onCheckpoint: (seq: number) => void;
}

export interface IncrementalSummary {
  readonly pass: 'incremental';
  /** Transactions that moved the checkpoint. */
  readonly batches: number;
  /** Rows inserted or changed in Postgres. */
  readonly upserted: number;
  /** Rows deleted in Postgres. */
  readonly deleted: number;
  /** Rows of the history of users inserted or changed in Postgres. */
  readonly storageDays: number;
  /** The checkpoint before and after. */
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Whether changes were left for the next run. */
  readonly more: boolean;
  /**
   * Whether the registry was found to be at an earlier time than the copy, as after a restore of D1. The checkpoint has been
   * set back to it, and a reconcile pass is due.
   */
  readonly restored: boolean;
  readonly seconds: number;
}

export interface IncrementalRun {
  readonly summary: IncrementalSummary;
  /** Whether there is nothing left for the next run, and a reconcile pass to work on. */
  readonly isReconcileDue: boolean;
}

/**
 * Carries what changed in the registry after the checkpoint to Postgres, in the order of `seq`. Each batch is one
 * transaction that applies it and moves the checkpoint, so a run may stop, be killed, be repeated or overlap another
 * at any point: what is committed is always the registry as far as the checkpoint says.
 */
export async function runIncrementalPass(deps: IncrementalPassDeps): Promise<IncrementalRun> {
  const { limits, now, onCheckpoint } = deps;
  const startedAt = now();
  const elapsed = () => (now() - startedAt) / 1000;
  let fromSeq: number | undefined;
  let toSeq = 0;
  let batches = 0;
  let upserted = 0;
  let deleted = 0;
  let storageDays = 0;
  let rows = 0;
  let more = true;
  let restored = false;
  let isReconcileDue = false;

  while (more && rows < limits.runRows && (batches === 0 || elapsed() < limits.runSeconds)) {
    const batch = await runBatch(deps, Math.min(limits.batchRows, limits.runRows - rows));
    fromSeq ??= batch.after;
    toSeq = batch.page.upTo;
    onCheckpoint(toSeq);
    if (toSeq > batch.after) batches += 1;
    upserted += batch.upserted;
    deleted += batch.deleted;
    storageDays += batch.storageDays;
    rows += batch.page.rows.length + batch.page.tombstones.length;
    more = batch.page.more;
    // What the next batch would read is the same.
    const isStuck = more && toSeq <= batch.after;
    restored ||= batch.restored;
    ({ isReconcileDue } = batch);
    if (isStuck) break;
  }
  const seconds = elapsed();
  return {
    summary: {
      pass: 'incremental',
      batches,
      upserted,
      deleted,
      storageDays,
      fromSeq: fromSeq ?? 0,
      toSeq,
      more,
      restored,
      seconds,
    },
    isReconcileDue,
  };
}

interface Batch {
  /** The checkpoint that it continued. */
  readonly after: number;
  readonly page: ChangesPage;
  readonly restored: boolean;
  readonly upserted: number;
  readonly deleted: number;
  readonly storageDays: number;
  /** Asked where nothing is left, in the same transaction: a connection for this alone would be one more each minute. */
  readonly isReconcileDue: boolean;
}

async function runBatch(deps: IncrementalPassDeps, limit: number): Promise<Batch> {
  const { client, db, onCheckpoint, timeouts } = deps;
  const postgres = drizzle(client);
  return inTransaction(client, timeouts, async () => {
    const after = await lockCheckpoint(postgres);
    onCheckpoint(after);
    // Read after the lock is held: a page read before it could be older than what another run has applied since.
    const page = await readChangesAfter(db, after, limit);
    const applied =
      page.upTo === after
        ? await nothingAfter(deps, postgres, after, page)
        : await applyPage(deps, postgres, page, limit);
    return { after, ...applied, isReconcileDue: !applied.page.more && (await isPassDue(postgres)) };
  });
}

type Applied = Omit<Batch, 'after' | 'isReconcileDue'>;

async function applyPage(
  { client, db }: IncrementalPassDeps,
  postgres: NodePgDatabase,
  read: ChangesPage,
  limit: number,
): Promise<Applied> {
  const { page, days } = await withStorageDays(db, client, read, STORAGE_DAYS_A_ROW * limit);
  const deleted = await deleteGone(client, page.tombstones);
  const upserted = await upsertChanged(client, page.rows);
  const storageDays = await upsertStorageDays(client, days);
  await moveCheckpoint(postgres, page.upTo);
  return { page, restored: false, upserted, deleted, storageDays };
}

/**
 * Numbers are never given back, so a registry whose highest is before the checkpoint is one of an earlier time. What it
 * numbers next was numbered before, as other changes: those must come too, so the checkpoint goes back to where it is.
 */
async function nothingAfter(
  { client, db, onCheckpoint }: IncrementalPassDeps,
  postgres: NodePgDatabase,
  after: number,
  page: ChangesPage,
): Promise<Applied> {
  const latest = await readLatestSeq(db);
  if (latest >= after) return { page, restored: false, upserted: 0, deleted: 0, storageDays: 0 };
  await moveCheckpoint(postgres, latest);
  await deleteStorageDaysAfter(client, latest);
  await beginAnew(postgres);
  onCheckpoint(latest);
  return { page: { ...page, upTo: latest }, restored: true, upserted: 0, deleted: 0, storageDays: 0 };
}
