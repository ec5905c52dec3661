import { setTimeout as sleep } from 'node:timers/promises';
import { type Law, Server, type Settings, type Target } from './server.ts';

export interface Outcome {
  readonly verdict: 'kept' | 'broken';
  /** Empty if the law is kept. */
  readonly reason: string;
  readonly ms: number;
}

/**
 * Tries one law and closes what it opened.
 * @param timeoutMs after this time the law counts as broken
 */
export async function tryLaw(
  law: Law,
  target: Target,
  settings: Settings,
  timeoutMs: number,
): Promise<Outcome> {
  const startedAt = performance.now();
  const server = new Server(target, settings);
  const ending = new AbortController();
  // Errors that a client throws while it handles a frame.
  const uncaught = Promise.withResolvers<never>();
  const onUncaught = (error: unknown): void => uncaught.reject(error);
  process.on('uncaughtException', onUncaught);
  const finish = (verdict: Outcome['verdict'], reason = ''): Outcome => ({
    verdict,
    reason,
    ms: Math.round(performance.now() - startedAt),
  });
  try {
    await Promise.race([law(server), uncaught.promise, timeout(timeoutMs, ending.signal)]);
    return finish('kept');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return finish('broken', `${reason} (seed ${settings.seed})`);
  } finally {
    server.close();
    ending.abort();
    // Frames in flight to closed clients may still throw.
    await sleep(20);
    process.off('uncaughtException', onUncaught);
  }
}

async function timeout(ms: number, signal: AbortSignal): Promise<never> {
  await sleep(ms, undefined, { signal });
  throw new Error(`not finished after ${ms / 1000} s`);
}
