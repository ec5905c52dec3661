import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How long a law waits for what must happen. Shorter than the 15 s after which y-protocols' clients announce their
 * awareness anew, or their renewals would hide what a server forgot.
 */
const PATIENCE_MS = 10_000;
const POLL_MS = 2;

/**
 * Waits until something holds.
 * @param what is waited for, for the reason
 * @throws where it does not hold in time
 */
export async function until(
  what: string | (() => string),
  holds: () => boolean,
  patienceMs: number = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!holds()) {
    if (performance.now() > deadline) {
      throw new Error(
        `waited ${patienceMs / 1000} s in vain for ${typeof what === 'string' ? what : what()}`,
      );
    }
    await sleep(POLL_MS);
  }
}

/** @throws with this reason where the condition does not hold */
export function require(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Error(reason);
}
