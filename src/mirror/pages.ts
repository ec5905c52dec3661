import type { Bindings } from '../domain/env.ts';
import { createMirrorReport, mirrorReportStatements } from './health.ts';
import { runNow } from './passes/run-now.ts';

/** The mirror for the operators' pages. Times are Unix milliseconds. */
export const mirrorPages = {
  statements: mirrorReportStatements,

  /** @param found the results of `statements` */
  createStatus(env: Bindings, found: readonly D1Result[]) {
    const now = Date.now();
    const { lagSeconds, lastSuccessAt, lastError, lastReconcile, ...report } = createMirrorReport(
      env,
      found,
      now,
    );
    return {
      ...report,
      // A time, not a duration: a duration would change the page's ETag on every request.
      behindSince: lagSeconds === null || lagSeconds === 0 ? null : Math.round(now - lagSeconds * 1_000),
      lastSuccessAt: at(lastSuccessAt),
      lastError: lastError === null ? null : { ...lastError, at: at(lastError.at) },
      lastReconcile:
        lastReconcile === null
          ? null
          : {
              ...lastReconcile,
              startedAt: Date.parse(lastReconcile.startedAt),
              finishedAt: at(lastReconcile.finishedAt),
            },
    };
  },

  async runNow(env: Bindings, pass: 'incremental' | 'reconcile') {
    return (await runNow(env, pass === 'reconcile' ? 'repair' : null)).state;
  },
};

const at = (iso: string | null): number | null => (iso === null ? null : Date.parse(iso));
