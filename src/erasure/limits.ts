import { getBackoffMs } from '../lib/backoff.ts';

/** How an erasure goes about its work. Times are in milliseconds. */

/**
 * Rooms that are erased in one run of the alarm. A run may make 1,000 calls (Cloudflare, "Workers: Limits",
 * subrequests): about two for each room, and before that one for each that is told to end its sockets.
 */
export const ROOMS_A_RUN = 200;

/** Rooms whose sockets are ended in one call. */
export const TOLD_A_RUN = 300;

/** Names are read from the registry so many at a time. */
export const ROOMS_A_PAGE = 100;

/** Rooms erased at the same time. */
export const ROOMS_AT_ONCE = 6;

/** No further room is begun after this, and the next run follows at once. */
export const RUN_FOR_MS = 20_000;

/** A room that does not answer for this long is one that failed. */
export const ANSWER_WITHIN_MS = 10_000;

/** A run that dies is repeated after this; without it, the platform would give up after six tries. */
export const LEASE_MS = 10_000;

/** What failed is tried again after this, doubling up to the maximum, as long as it takes. */
const RETRY_MS = 2_000;
const RETRY_MAX_MS = 10 * 60_000;

/**
 * Tries before the erasure gives up a room whose object fails: about a day. Such an object cannot be opened or emptied from
 * here, so the trail names it.
 */
export const TRIES_OF_A_BROKEN_ROOM = 150;

/** An eraser of which nothing was heard for this long is called again by the cron. Longer than the longest retry. */
export const STALE_AFTER_MS = 15 * 60_000;

/** Erasures that the cron calls in one run. */
export const STARTED_A_RUN = 50;

/** A step names so many objects that failed. */
export const FAILURES_TOLD = 5;

/** A failure's text in the trail, in characters. */
export const MAX_DETAIL_CHARACTERS = 300;

/** @param tries that have failed so far, at least 1 */
export function retryIn(tries: number): number {
  return getBackoffMs(tries, { firstMs: RETRY_MS, maxMs: RETRY_MAX_MS });
}
