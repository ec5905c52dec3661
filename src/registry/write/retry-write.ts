import { getBackoffMs } from '../../lib/backoff.ts';

/** Including the first attempt. With the delays below, a write fails after at most about 5 s. */
const MAX_ATTEMPTS = 4;
/** Delay before the second attempt; each further delay is three times as long. */
const FIRST_DELAY_MS = 50;
/** First delay if D1 is overloaded. */
const FIRST_DELAY_OVERLOADED_MS = 400;
const DELAY_FACTOR = 3;

/** Messages of transient errors. Source: Cloudflare, "D1: Debug D1" and "D1: Retry queries". D1 itself retries only reads. */
const TRANSIENT = [
  'Network connection lost',
  'reset because its code was updated',
  'storage caused object to be reset',
] as const;
const OVERLOADED = 'overloaded';

/** The delay before the next attempt in milliseconds, without jitter; `null` if the write must not be retried. */
export function getRetryDelayMs(error: unknown, failures: number): number | null {
  if (failures >= MAX_ATTEMPTS) return null;
  const message = String(error);
  const delayMs = (firstMs: number) => getBackoffMs(failures, { firstMs, factor: DELAY_FACTOR });
  if (message.includes(OVERLOADED)) return delayMs(FIRST_DELAY_OVERLOADED_MS);
  return TRANSIENT.some((known) => message.includes(known)) ? delayMs(FIRST_DELAY_MS) : null;
}

/**
 * Retries a write after transient errors of D1. `write` must be idempotent, because a failed write may have been
 * committed. Rejects with the last error.
 */
export async function retryWrite<Result>(write: () => Promise<Result>): Promise<Result> {
  for (let failures = 1; ; failures += 1) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- attempts are sequential
      return await write();
    } catch (error) {
      const delay = getRetryDelayMs(error, failures);
      if (delay === null) throw error;
      // Half of the delay is random, so that writers that failed together do not retry together.
      const jittered = delay * (0.5 + Math.random() / 2);
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setTimeout(resolve, jittered));
    }
  }
}
