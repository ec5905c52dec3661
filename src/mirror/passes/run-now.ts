import type { Bindings } from '../../domain/env.ts';
import type { ReconcileMode } from './reconcile-record.ts';
import { type MirrorOutcome, runMirror, runReconcile } from './run.ts';

/**
 * Runs a pass for somebody who asks for one now. A reconcile pass comes after an incremental one that came to its end:
 * `behind` where that did not.
 * @param mode of a reconcile pass; `null`: the incremental pass alone
 */
export async function runNow(
  env: Bindings,
  mode: ReconcileMode | null,
): Promise<MirrorOutcome<object> | { readonly state: 'behind' }> {
  const outcome = await runMirror(env);
  if (mode === null || outcome.state !== 'done') return outcome;
  return outcome.summary.more ? { state: 'behind' } : runReconcile(env, mode);
}
