import type { Bindings } from '../domain/env.ts';
import { mirrorReportOf, mirrorReportStatements } from './health.ts';
import { runNow } from './passes/run-now.ts';

/** The mirror as operators' pages ask for it: times in Unix milliseconds, outcomes in one word. */
export const mirrorPages = {
  statements: mirrorReportStatements,

  /** @param found by `statements` */
  statusOf(env: Bindings, found: readonly D1Result[]) {
    const now = Date.now();
    const { lagSeconds, lastSuccessAt, lastError, lastReconcile, ...report } = mirrorReportOf(
      env,
      found,
      now,
    );
    return {
      ...report,
      // Not for how long: that changes by itself, and the page would never be the same.
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
