/** Tries in all, the first included. With the delays below a failing write gives up after about 5 s at most. */
const ATTEMPTS = 4;
/** Before the second try; each further wait is three times as long. */
const FIRST_DELAY_MS = 50;
/** The same where D1 says it is overloaded: more load now would only keep it so. */
const FIRST_DELAY_OVERLOADED_MS = 400;
const DELAY_FACTOR = 3;

/**
 * Messages after which the same statement may well succeed.
 * Source: Cloudflare, "D1: Debug D1", list of errors, and "D1: Retry queries". D1 itself retries reads only.
 */
const TRANSIENT = [
  'Network connection lost',
  'reset because its code was updated',
  'storage caused object to be reset',
] as const;
const OVERLOADED = 'overloaded';

/** How long to wait before the next try, in milliseconds without jitter; `null`: trying again would not help. */
export function retryDelay(error: unknown, failures: number): number | null {
  if (failures >= ATTEMPTS) return null;
  const message = String(error);
  const growth = DELAY_FACTOR ** (failures - 1);
  if (message.includes(OVERLOADED)) return FIRST_DELAY_OVERLOADED_MS * growth;
  return TRANSIENT.some((known) => message.includes(known)) ? FIRST_DELAY_MS * growth : null;
}

/**
 * Runs a write again where D1 failed in passing. A failed write may have been committed nonetheless, so `write` must
 * be idempotent. Rejects with the last error.
 */
export async function retryWrite<Result>(write: () => Promise<Result>): Promise<Result> {
  for (let failures = 1; ; failures += 1) {
    try {
      // One try after the other is the point.
      // oxlint-disable-next-line no-await-in-loop
      return await write();
    } catch (error) {
      const delay = retryDelay(error, failures);
      if (delay === null) throw error;
      // Half of it at random, so that writers which failed together do not come back together.
      const jittered = delay * (0.5 + Math.random() / 2);
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setTimeout(resolve, jittered));
    }
  }
}
