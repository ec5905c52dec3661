import { endSessions } from './end-sessions.ts';
import type { Bindings } from '../domain/env.ts';
import { reconcileIfDue, runMirror } from '../mirror/passes/run.ts';
import { pruneRegistry } from './prune-registry.ts';
import { startErasures } from './start-erasures.ts';

/** Runs each minute. Never rejects. */
export async function runCron(env: Bindings): Promise<void> {
  // In parallel, because the mirror may be slow. None of them rejects.
  await Promise.all([mirrorAndPrune(env), endSessions(env), startErasures(env)]);
}

async function mirrorAndPrune(env: Bindings): Promise<void> {
  const outcome = await runMirror(env);
  await pruneRegistry(env, outcome);
  await reconcileIfDue(env, outcome);
}
