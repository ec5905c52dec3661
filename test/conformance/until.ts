import { setTimeout as sleep } from 'node:timers/promises';

/** Below the 15 s after which clients of y-protocols renew their awareness: renewals would hide lost awareness. */
const DEFAULT_TIMEOUT_MS = 10_000;
const POLL_MS = 2;

/**
 * Waits until a condition holds.
 * @param what what is awaited, for the error message
 * @throws if it does not hold in time
 */
export async function until(
  what: string | (() => string),
  holds: () => boolean,
  timeoutMs: number = DEFAULT_TIMEOUT_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs / 1000} s for ${typeof what === 'string' ? what : what()}`);
    }
    await sleep(POLL_MS);
  }
}

/** @throws with this reason if the condition does not hold */
export function require(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Error(reason);
}
