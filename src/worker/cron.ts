import { endSessions } from './end-sessions.ts';
import type { Bindings } from '../domain/env.ts';
import { reconcileIfDue, runMirror } from '../mirror/passes/run.ts';
import { pruneRegistry } from './prune-registry.ts';
import { startErasures } from './start-erasures.ts';

/** What is done each minute. Never rejects. */
export async function runCron(env: Bindings): Promise<void> {
  // Side by side: the one may be slow, or have nothing to run against, and the other not wait for it. None rejects.
  await Promise.all([mirrorAndPrune(env), endSessions(env), startErasures(env)]);
}

async function mirrorAndPrune(env: Bindings): Promise<void> {
  const outcome = await runMirror(env);
  await pruneRegistry(env, outcome);
  await reconcileIfDue(env, outcome);
}
