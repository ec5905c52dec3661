import type { Bindings } from '../../domain/env.ts';
import type { ReconcileMode } from './reconcile-record.ts';
import { type MirrorOutcome, runMirror, runReconcile } from './run.ts';

/**
 * Runs a pass on request of an operator. Runs an incremental pass first; if that does not complete, a reconcile pass is not
 * possible and the result is `behind`.
 * @param mode of the reconcile pass; `null` for the incremental pass only
 */
export async function runNow(
  env: Bindings,
  mode: ReconcileMode | null,
): Promise<MirrorOutcome<object> | { readonly state: 'behind' }> {
  const outcome = await runMirror(env);
  if (mode === null || outcome.state !== 'done') return outcome;
  return outcome.summary.more ? { state: 'behind' } : runReconcile(env, mode);
}
