import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { Client } from 'pg';
import { type ChangesPage, readChangesAfter, readLatestSeq } from '../../registry/changes/changes.ts';
import { deleteGone, upsertChanged } from '../postgres/apply-changes.ts';
import { lockCheckpoint, moveCheckpoint } from '../postgres/checkpoint.ts';
import { inTransaction, type PostgresSettings } from '../postgres/connect.ts';
import { restartPass, isPassDue } from './reconcile-record.ts';
import { deleteStorageDaysAfter, upsertStorageDays, readPageHistory } from '../postgres/storage-days.ts';

/** Limits of one run. The next run continues. */
export interface PassLimits {
  /** Rows and tombstones of one transaction. */
  readonly batchRows: number;
  /** Rows and tombstones of one run. */
  readonly runRows: number;
  /** A run starts no further batch after this time. */
  readonly runSeconds: number;
}

/** A batch of 5,000 rows takes about 2 MB, and about 0.1 s in Postgres. */
export const PASS_LIMITS: PassLimits = { batchRows: 5_000, runRows: 200_000, runSeconds: 40 };

/** Maximum rows of storage history per change of a batch. With more, as in a first copy, the batch ends earlier. */
const MAX_STORAGE_DAYS_PER_ROW = 4;

export interface IncrementalPassDeps {
  readonly db: D1Database;
  /** Connected and not used by anything else. */
  readonly client: Client;
  readonly limits: PassLimits;
  readonly timeouts: PostgresSettings;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Called with each committed checkpoint, so that a failed run can report its progress. */
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
  /** Rows of the storage history inserted or changed in Postgres. */
  readonly storageDays: number;
  /** The checkpoint before and after. */
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Whether the next run has to continue. */
  readonly more: boolean;
  /** Whether the registry was behind the copy, as after a restore of D1. The checkpoint was reset and a reconcile pass is due. */
  readonly restored: boolean;
  readonly seconds: number;
}

export interface IncrementalRun {
  readonly summary: IncrementalSummary;
  /** Whether all changes are applied and a reconcile pass must run. */
  readonly isReconcileDue: boolean;
}

/**
 * Copies the changes after the checkpoint to Postgres, in the order of `seq`. Each batch is one transaction that also moves the
 * checkpoint, so runs can be interrupted, repeated or overlap: the copy always equals the registry at the checkpoint.
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
    // The next batch would read the same changes.
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
  /** The checkpoint before the batch. */
  readonly after: number;
  readonly page: ChangesPage;
  readonly restored: boolean;
  readonly upserted: number;
  readonly deleted: number;
  readonly storageDays: number;
  /** Read in the same transaction, to save a connection per minute. */
  readonly isReconcileDue: boolean;
}

async function runBatch(deps: IncrementalPassDeps, limit: number): Promise<Batch> {
  const { client, db, onCheckpoint, timeouts } = deps;
  const postgres = drizzle(client);
  return inTransaction(client, timeouts, async () => {
    const after = await lockCheckpoint(postgres);
    onCheckpoint(after);
    // Reads the page after locking: a page read before could be older than the changes of another run.
    const page = await readChangesAfter(db, after, limit);
    const applied =
      page.upTo === after
        ? await handleNoChanges(deps, postgres, after, page)
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
  const { page, days } = await readPageHistory(db, client, read, MAX_STORAGE_DAYS_PER_ROW * limit);
  const deleted = await deleteGone(client, page.tombstones);
  const upserted = await upsertChanged(client, page.rows);
  const storageDays = await upsertStorageDays(client, days);
  await moveCheckpoint(postgres, page.upTo);
  return { page, restored: false, upserted, deleted, storageDays };
}

/**
 * Detects a restore of D1: change numbers never decrease, so a latest number before the checkpoint means an earlier registry.
 * It will assign the same numbers to other changes, so the checkpoint is reset to its latest number.
 */
async function handleNoChanges(
  { client, db, onCheckpoint }: IncrementalPassDeps,
  postgres: NodePgDatabase,
  after: number,
  page: ChangesPage,
): Promise<Applied> {
  const latest = await readLatestSeq(db);
  if (latest >= after) return { page, restored: false, upserted: 0, deleted: 0, storageDays: 0 };
  await moveCheckpoint(postgres, latest);
  await deleteStorageDaysAfter(client, latest);
  await restartPass(postgres);
  onCheckpoint(latest);
  return { page: { ...page, upTo: latest }, restored: true, upserted: 0, deleted: 0, storageDays: 0 };
}
