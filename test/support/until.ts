import { setTimeout as sleep } from 'node:timers/promises';

/** Generous: it bounds a hang, and says nothing of how fast something should be. */
const PATIENCE_MS = 120_000;
const POLL_MS = 50;

/**
 * Waits until `read` gives something.
 * @param what is waited for, for the message
 */
export async function until<T>(what: string, read: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`Waited ${PATIENCE_MS / 1000} s in vain for ${what}.`);
    await sleep(POLL_MS);
  }
}
