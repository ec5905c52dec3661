import { setTimeout as sleep } from 'node:timers/promises';
import { type Law, NotTried, Server, type Settings, type Target } from './server.ts';

export interface Outcome {
  readonly verdict: 'kept' | 'broken' | 'not tried';
  /** Empty where the law is kept. */
  readonly reason: string;
  readonly ms: number;
}

/**
 * Tries one law and closes what it opened.
 * @param timeoutMs after which a law counts as broken
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
  // What a client throws while it handles a frame reaches nobody else.
  const stray = Promise.withResolvers<never>();
  const onStray = (error: unknown): void => stray.reject(error);
  process.on('uncaughtException', onStray);
  const over = (verdict: Outcome['verdict'], reason = ''): Outcome => ({
    verdict,
    reason,
    ms: Math.round(performance.now() - startedAt),
  });
  try {
    await Promise.race([law(server), stray.promise, timeout(timeoutMs, ending.signal)]);
    return over('kept');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return error instanceof NotTried
      ? over('not tried', reason)
      : over('broken', `${reason} (seed ${settings.seed})`);
  } finally {
    server.close();
    ending.abort();
    // What is on its way to the clients that just left must find the listener still.
    await sleep(20);
    process.off('uncaughtException', onStray);
  }
}

async function timeout(ms: number, signal: AbortSignal): Promise<never> {
  // Aborted, it rejects with nobody left to hear it: the race is over.
  await sleep(ms, undefined, { signal });
  throw new Error(`not done after ${ms / 1000} s`);
}
