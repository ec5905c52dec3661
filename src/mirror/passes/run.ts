import type { Client } from 'pg';
import type { Bindings } from '../../domain/env.ts';
import { checkSchema } from '../postgres/check-schema.ts';
import { describeFailure } from '../postgres/describe-failure.ts';
import {
  type IncrementalSummary,
  PASS_LIMITS,
  type PassLimits,
  runIncrementalPass,
} from './incremental-pass.ts';
import {
  inTransaction,
  POSTGRES_TIMEOUTS,
  type PostgresSettings,
  type PostgresTimeouts,
  withPostgres,
} from '../postgres/connect.ts';
import {
  RECONCILE_LIMITS,
  type ReconcileLimits,
  type ReconcileSummary,
  runReconcilePass,
} from './reconcile-pass.ts';
import type { ReconcileMode } from './reconcile-record.ts';
import { getMirrorSchema } from '../postgres/schema-name.ts';
import { recordFailure, recordReconcile, recordSuccess } from './status.ts';
import { describeError } from '../../lib/log-text.ts';

/** Result of a run. Already logged and recorded in `mirror_status`. */
export type MirrorOutcome<Summary = IncrementalSummary> =
  /** The Worker has no Hyperdrive binding. */
  | { readonly state: 'off' }
  | { readonly state: 'done'; readonly summary: Summary; readonly isReconcileDue: boolean }
  /** `error` may be shown to operators. The next run continues after the last committed batch. */
  | { readonly state: 'failed'; readonly error: string };

/** Limits that differ from the defaults. */
export interface RunBounds {
  readonly limits?: PassLimits;
  readonly reconcileLimits?: ReconcileLimits;
  readonly timeouts?: PostgresTimeouts;
}

/** Whether this isolate has logged that the mirror is off. */
let hasLoggedOff = false;

/** Runs the incremental pass and logs the result. Never rejects. */
export async function runMirror(
  env: Bindings,
  { limits = PASS_LIMITS, timeouts = POSTGRES_TIMEOUTS }: RunBounds = {},
): Promise<MirrorOutcome> {
  return run(env, 'incremental', timeouts, async (client, settings, onCheckpoint) => {
    const { summary, isReconcileDue } = await runIncrementalPass({
      db: env.DB,
      client,
      limits,
      timeouts: settings,
      now: Date.now,
      onCheckpoint,
    });
    return { summary, checkpointSeq: summary.toSeq, isReconcileDue };
  });
}

/**
 * Continues the reconcile pass of a mode, or starts one, and logs the result. Never rejects. The incremental pass should be
 * complete first.
 */
export async function runReconcile(
  env: Bindings,
  mode: ReconcileMode,
  { reconcileLimits: limits = RECONCILE_LIMITS, timeouts = POSTGRES_TIMEOUTS }: RunBounds = {},
): Promise<MirrorOutcome<ReconcileSummary>> {
  const outcome = await run(env, 'reconcile', timeouts, async (client, settings) => {
    const summary = await runReconcilePass({
      db: env.DB,
      client,
      mode,
      limits,
      timeouts: settings,
      now: Date.now,
    });
    return { summary, checkpointSeq: summary.checkpointSeq, isReconcileDue: false };
  });
  if (outcome.state === 'done') await ignoreFailure(recordReconcile(env.DB, outcome.summary));
  return outcome;
}

/** Continues or starts the reconcile pass that repairs, if it is due after an incremental pass. Never rejects. */
export async function reconcileIfDue(env: Bindings, outcome: MirrorOutcome): Promise<void> {
  if (outcome.state === 'done' && outcome.isReconcileDue) await runReconcile(env, 'repair');
}

type OnCheckpoint = (seq: number) => void;

async function run<Summary extends object>(
  env: Bindings,
  pass: 'incremental' | 'reconcile',
  timeouts: PostgresTimeouts,
  work: (
    client: Client,
    settings: PostgresSettings,
    onCheckpoint: OnCheckpoint,
  ) => Promise<{
    readonly summary: Summary;
    readonly checkpointSeq: number;
    readonly isReconcileDue: boolean;
  }>,
): Promise<MirrorOutcome<Summary>> {
  if (env.HYPERDRIVE === undefined) {
    if (!hasLoggedOff) console.info({ event: 'mirror_off', reason: 'there is no HYPERDRIVE binding' });
    hasLoggedOff = true;
    return { state: 'off' };
  }
  const { connectionString } = env.HYPERDRIVE;
  const startedAt = Date.now();
  let seen: number | null = null;
  try {
    const settings = { ...timeouts, schema: getMirrorSchema(env.MIRROR_SCHEMA) };
    const worked = await withPostgres(connectionString, settings, async (client) => {
      await inTransaction(client, settings, () => checkSchema(client));
      return work(client, settings, (seq) => {
        seen = seq;
      });
    });
    const { summary, checkpointSeq, isReconcileDue } = worked;
    console.info({ event: 'mirror_run', ok: true, ...summary });
    await ignoreFailure(recordSuccess(env.DB, checkpointSeq, Date.now()));
    return { state: 'done', summary, isReconcileDue };
  } catch (cause) {
    const error = describeFailure(cause, connectionString);
    const seconds = (Date.now() - startedAt) / 1000;
    console.error({ event: 'mirror_run', ok: false, pass, checkpointSeq: seen, seconds, error });
    await ignoreFailure(recordFailure(env.DB, error, seen, Date.now()));
    return { state: 'failed', error };
  }
}

/** The status is only informative, so a failed write does not fail the run. */
async function ignoreFailure(write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (error) {
    console.error({ event: 'mirror_status_write_failed', error: describeError(error) });
  }
}
