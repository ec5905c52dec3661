import { getBackoffMs } from '../lib/backoff.ts';

/**
 * Rooms erased in one run of the alarm. A run may make 1,000 subrequests (Cloudflare, "Workers: Limits"): two per room, and one
 * per room that is notified to close sockets.
 */
export const MAX_ROOMS_PER_RUN = 200;

/** Rooms that are notified in one call to close sockets. */
export const MAX_ROOMS_NOTIFIED_PER_RUN = 300;

/** Names read from the registry in one query. */
export const ROOMS_PER_PAGE = 100;

/** Rooms erased concurrently. */
export const MAX_CONCURRENT_ROOMS = 6;

/** A run starts no further room after this time. The next run follows at once. */
export const MAX_RUN_MS = 20_000;

/** A room that does not answer within this time has failed. */
export const ROOM_TIMEOUT_MS = 10_000;

/** A run that does not complete is repeated after this time. Without it, the platform would stop after six tries. */
export const LEASE_MS = 10_000;

/** Delay after a failure. It doubles up to the maximum, without a limit of retries. */
const RETRY_DELAY_MS = 2_000;
const MAX_RETRY_DELAY_MS = 10 * 60_000;

/** Tries (about a day) until a room whose object fails is skipped and named in the audit trail. */
export const MAX_TRIES_OF_BROKEN_ROOM = 150;

/** The cron calls an eraser again that has not reported for this time. Longer than the longest retry delay. */
export const STALE_AFTER_MS = 15 * 60_000;

/** Erasures started by one run of the cron. */
export const MAX_STARTED_PER_RUN = 50;

/** Failed objects named in a step. */
export const MAX_FAILURES_IN_STEP = 5;

/** Maximum length of a step's detail, in characters. */
export const MAX_DETAIL_CHARACTERS = 300;

/** @param tries number of failed tries, at least 1 */
export function getRetryDelay(tries: number): number {
  return getBackoffMs(tries, { firstMs: RETRY_DELAY_MS, maxMs: MAX_RETRY_DELAY_MS });
}
