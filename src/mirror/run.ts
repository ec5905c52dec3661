import type { Bindings } from '../env.ts';
import { describeFailure } from './describe-failure.ts';
import {
  type IncrementalSummary,
  PASS_LIMITS,
  type PassLimits,
  runIncrementalPass,
} from './incremental-pass.ts';
import { POSTGRES_TIMEOUTS, type PostgresTimeouts, withPostgres } from './postgres.ts';
import { recordFailure, recordSuccess } from './status.ts';

/** The passes that can be run. */
export const MIRROR_PASSES = ['incremental'] as const;
export type MirrorPass = (typeof MIRROR_PASSES)[number];

/** What came of a run. Never thrown: it is logged and noted before it is returned. */
export type MirrorOutcome =
  /** There is no Hyperdrive binding. */
  | { readonly state: 'off' }
  | { readonly state: 'done'; readonly summary: IncrementalSummary }
  /** `error` may be shown to operators. What was committed before it stays; the next run goes on from there. */
  | { readonly state: 'failed'; readonly error: string };

/** What a run may take, where not the usual. */
export interface RunBounds {
  readonly limits?: PassLimits;
  readonly timeouts?: PostgresTimeouts;
}

/** Whether this isolate has said already that the mirror is off. */
let saidOff = false;

/** Runs one pass of the mirror and logs one record of it. Never rejects. */
export async function runMirror(
  env: Bindings,
  pass: MirrorPass,
  { limits = PASS_LIMITS, timeouts = POSTGRES_TIMEOUTS }: RunBounds = {},
): Promise<MirrorOutcome> {
  if (env.HYPERDRIVE === undefined) {
    if (!saidOff) console.info({ event: 'mirror off', reason: 'there is no HYPERDRIVE binding' });
    saidOff = true;
    return { state: 'off' };
  }
  const { connectionString } = env.HYPERDRIVE;
  const startedAt = Date.now();
  let checkpointSeq: number | null = null;
  try {
    const summary = await withPostgres(connectionString, timeouts, (client) =>
      runIncrementalPass({
        db: env.DB,
        client,
        limits,
        timeouts,
        now: Date.now,
        onCheckpoint: (seq) => {
          checkpointSeq = seq;
        },
      }),
    );
    console.info({ event: 'mirror run', ok: true, ...summary });
    await noted(recordSuccess(env.DB, summary.toSeq, Date.now()));
    return { state: 'done', summary };
  } catch (cause) {
    const error = describeFailure(cause, connectionString);
    const seconds = (Date.now() - startedAt) / 1000;
    console.error({ event: 'mirror run', ok: false, pass, checkpointSeq, seconds, error });
    await noted(recordFailure(env.DB, error, checkpointSeq, Date.now()));
    return { state: 'failed', error };
  }
}

/** The status is for people to read: that it could not be written changes nothing about the run. */
async function noted(write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (error) {
    console.error({ event: 'mirror status not written', error: String(error) });
  }
}
