import * as z from 'zod';
import type { Bindings } from '../domain/env.ts';
import { computeLag, type LagRow, lagStatement } from '../registry/changes/changes.ts';
import type { ReconcileSummary } from './passes/reconcile-pass.ts';
import { RECONCILE_MODES } from './passes/reconcile-record.ts';
import { LAST_CHECKPOINT_SQL, type MirrorStatus, statusStatement } from './passes/status.ts';

/** Status of the mirror for operators. Times are ISO 8601 in UTC; `null` is unknown. */
export interface MirrorReport {
  readonly enabled: boolean;
  /** The checkpoint in Postgres at the time of the last run. */
  readonly checkpointSeq: number | null;
  /** The highest change number of the registry. */
  readonly latestSeq: number;
  /** Changed and deleted rows that Postgres does not have yet; an upper bound beyond some thousands (`computeLag`). */
  readonly lagRows: number | null;
  /** Age of the oldest of these changes; 0 if there is none. */
  readonly lagSeconds: number | null;
  readonly lastSuccessAt: string | null;
  /** The error of the last run; `null` after a success. */
  readonly lastError: { readonly at: string | null; readonly message: string } | null;
  /** Result of the last reconcile pass; the progress of a pass that is not finished. */
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
  // Missing in reports of versions that did not compare the history.
  history: z.object(counts).default({ compared: 0, missing: 0, extra: 0, different: 0, repaired: 0 }),
});

/** Public status of the mirror. Without the text of errors, which may contain names of hosts and users. */
export interface MirrorHealth {
  readonly enabled: boolean;
  readonly lagRows: number | null;
  readonly lagSeconds: number | null;
  readonly lastSuccessAt: string | null;
  readonly lastErrorAt: string | null;
}

/** The statements for `createMirrorReport`. They read only D1, so that the report is available while Postgres is down. */
export const mirrorReportStatements = (session: D1DatabaseSession): D1PreparedStatement[] => [
  statusStatement(session),
  lagStatement(session, LAST_CHECKPOINT_SQL),
];

/** Reads the report in one round trip to the primary of D1. Rejects if D1 fails. */
export async function readMirrorReport(env: Bindings, now: number = Date.now()): Promise<MirrorReport> {
  const session = env.DB.withSession('first-primary');
  return createMirrorReport(env, await session.batch(mirrorReportStatements(session)), now);
}

/** @param found the results of `mirrorReportStatements` */
export function createMirrorReport(env: Bindings, found: readonly D1Result[], now: number): MirrorReport {
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
    lastReconcile: parseReconcileReport(status?.lastReconcile ?? null),
  };
}

/** The mirror's part of `/readyz`. Reads only D1. Rejects if D1 fails. */
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

/** Parses the JSON of `recordReconcile`. */
function parseReconcileReport(json: string | null): ReconcileReport | null {
  return json === null ? null : ReconcileReport.parse(JSON.parse(json));
}
