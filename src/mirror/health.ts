import * as z from 'zod';
import type { Bindings } from '../domain/env.ts';
import { computeLag, type LagRow, lagStatement } from '../registry/changes/changes.ts';
import type { ReconcileSummary } from './passes/reconcile-pass.ts';
import { RECONCILE_MODES } from './passes/reconcile-record.ts';
import { CHECKPOINT_SEEN, type MirrorStatus, statusStatement } from './passes/status.ts';

/** The mirror as operators see it. Times are ISO 8601 in UTC; `null` is unknown. */
export interface MirrorReport {
  readonly enabled: boolean;
  /** The number up to which Postgres had the registry when a run last saw it. */
  readonly checkpointSeq: number | null;
  /** The highest change number of the registry. */
  readonly latestSeq: number;
  /** Changed rows and deletions that Postgres lacks; beyond some thousands an upper bound (`computeLag`). */
  readonly lagRows: number | null;
  /** How long ago the oldest of them changed; 0 where there is none. */
  readonly lagSeconds: number | null;
  readonly lastSuccessAt: string | null;
  /** Why the last run failed, until one succeeds. */
  readonly lastError: { readonly at: string | null; readonly message: string } | null;
  /** What the last reconcile pass came to; while one goes on, so far. */
  readonly lastReconcile: ReconcileReport | null;
}

type ReconcileReport = Omit<ReconcileSummary, 'pass' | 'more' | 'checkpointSeq'>;

const counts = {
  compared: z.number(),
  missing: z.number(),
  extra: z.number(),
  different: z.number(),
  repaired: z.number(),
};

const ReconcileReport: z.ZodType<ReconcileReport> = z.object({
  mode: z.enum(RECONCILE_MODES),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  ...counts,
  seconds: z.number(),
  // A version that did not compare it yet noted nothing of it.
  history: z.object(counts).default({ compared: 0, missing: 0, extra: 0, different: 0, repaired: 0 }),
});

/** The mirror as anyone may see it: an error's text may name hosts and users, so that it failed is all that is told. */
export interface MirrorHealth {
  readonly enabled: boolean;
  readonly lagRows: number | null;
  readonly lagSeconds: number | null;
  readonly lastSuccessAt: string | null;
  readonly lastErrorAt: string | null;
}

/** The statements that `mirrorReportOf` makes a report of. They read D1 alone, so that it can be had while Postgres is down. */
export const mirrorReportStatements = (session: D1DatabaseSession): D1PreparedStatement[] => [
  statusStatement(session),
  lagStatement(session, CHECKPOINT_SEEN),
];

/** One round trip to the primary of D1. Rejects where D1 does. */
export async function readMirrorReport(env: Bindings, now: number = Date.now()): Promise<MirrorReport> {
  const session = env.DB.withSession('first-primary');
  return mirrorReportOf(env, await session.batch(mirrorReportStatements(session)), now);
}

/** @param found by `mirrorReportStatements` */
export function mirrorReportOf(env: Bindings, found: readonly D1Result[], now: number): MirrorReport {
  const enabled = env.HYPERDRIVE !== undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the statements name their columns
  const [{ results: [status] = [] } = {}, lags] = found as readonly [
    D1Result<MirrorStatus>?,
    D1Result<LagRow>?,
  ];
  const lag = computeLag(lags?.results[0], status?.checkpointSeq ?? 0);
  const lagMs = lag.oldestChangeAt === null ? 0 : Math.max(0, now - lag.oldestChangeAt);
  return {
    enabled,
    checkpointSeq: status?.checkpointSeq ?? null,
    latestSeq: lag.latestSeq,
    lagRows: enabled ? lag.lagRows : null,
    lagSeconds: enabled ? lagMs / 1000 : null,
    lastSuccessAt: iso(status?.lastSuccessAt),
    lastError: status?.lastError ? { at: iso(status.lastErrorAt), message: status.lastError } : null,
    lastReconcile: reconcileReport(status?.lastReconcile ?? null),
  };
}

/** For `/readyz`. Reads D1 alone. Rejects where D1 does. */
export async function readMirrorHealth(env: Bindings, now: number = Date.now()): Promise<MirrorHealth> {
  if (env.HYPERDRIVE === undefined) {
    return { enabled: false, lagRows: null, lagSeconds: null, lastSuccessAt: null, lastErrorAt: null };
  }
  const { enabled, lagRows, lagSeconds, lastSuccessAt, lastError } = await readMirrorReport(env, now);
  return { enabled, lagRows, lagSeconds, lastSuccessAt, lastErrorAt: lastError?.at ?? null };
}

function iso(unixMs: number | null | undefined): string | null {
  return unixMs === null || unixMs === undefined ? null : new Date(unixMs).toISOString();
}

/** As `recordReconcile` wrote it. */
function reconcileReport(json: string | null): ReconcileReport | null {
  return json === null ? null : ReconcileReport.parse(JSON.parse(json));
}
