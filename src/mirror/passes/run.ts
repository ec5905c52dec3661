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
import { mirrorSchema } from '../postgres/schema-name.ts';
import { recordFailure, recordReconcile, recordSuccess } from './status.ts';
import { describeError } from '../../lib/log-text.ts';

/**
 * What came of a run. Never thrown: it is logged and noted before it is returned. A reconcile pass is due only after an
 * incremental run that left nothing for the next one.
 */
export type MirrorOutcome<Summary = IncrementalSummary> =
  /** There is no Hyperdrive binding. */
  | { readonly state: 'off' }
  | { readonly state: 'done'; readonly summary: Summary; readonly isReconcileDue: boolean }
  /** `error` may be shown to operators. What was committed before it stays; the next run goes on from there. */
  | { readonly state: 'failed'; readonly error: string };

/** What a run may take, where not the usual. */
export interface RunBounds {
  readonly limits?: PassLimits;
  readonly reconcileLimits?: ReconcileLimits;
  readonly timeouts?: PostgresTimeouts;
}

/** Whether this isolate has said already that the mirror is off. */
let saidOff = false;

/** Runs the incremental pass and logs one record of it. Never rejects. */
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
 * Works on the reconcile pass of a mode, from where the last run left it, and logs one record of it. Never rejects.
 * Where the copy is far behind, so are the ranges: let the incremental pass come to its end first.
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
  if (outcome.state === 'done') await noted(recordReconcile(env.DB, outcome.summary));
  return outcome;
}

/**
 * What the cron does after an incremental pass that has come to its end: works on the reconcile pass that repairs, where it
 * goes on, or is due. Never rejects.
 */
export async function reconcileWhereDue(env: Bindings, outcome: MirrorOutcome): Promise<void> {
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
    if (!saidOff) console.info({ event: 'mirror off', reason: 'there is no HYPERDRIVE binding' });
    saidOff = true;
    return { state: 'off' };
  }
  const { connectionString } = env.HYPERDRIVE;
  const startedAt = Date.now();
  let seen: number | null = null;
  try {
    const settings = { ...timeouts, schema: mirrorSchema(env.MIRROR_SCHEMA) };
    const worked = await withPostgres(connectionString, settings, async (client) => {
      await inTransaction(client, settings, () => checkSchema(client));
      return work(client, settings, (seq) => {
        seen = seq;
      });
    });
    const { summary, checkpointSeq, isReconcileDue } = worked;
    console.info({ event: 'mirror run', ok: true, ...summary });
    await noted(recordSuccess(env.DB, checkpointSeq, Date.now()));
    return { state: 'done', summary, isReconcileDue };
  } catch (cause) {
    const error = describeFailure(cause, connectionString);
    const seconds = (Date.now() - startedAt) / 1000;
    console.error({ event: 'mirror run', ok: false, pass, checkpointSeq: seen, seconds, error });
    await noted(recordFailure(env.DB, error, seen, Date.now()));
    return { state: 'failed', error };
  }
}

/** The status is for people to read: that it could not be written changes nothing about the run. */
async function noted(write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (error) {
    console.error({ event: 'mirror status not written', error: describeError(error) });
  }
}
