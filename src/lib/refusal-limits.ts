/** How repeated refusals of WebSocket upgrades are slowed down (docs/reference/websocket.md). */

/**
 * A caller's first refusals are immediate, so that a client that stops on them learns the code at once, also in several tabs.
 * Those after them are repeats: the client comes back whatever it is answered.
 */
export const MAX_IMMEDIATE_REFUSALS = 3;

/**
 * The same of one user at one room, counted for clients that come with another credential each time. More than the other, so
 * that one client that repeats its request does not delay the user's others.
 */
export const MAX_IMMEDIATE_REFUSALS_OF_USER = 4;

/** A repeated refusal is accepted and closed only after this, in milliseconds. */
export const HOLD_MS = 5_000;

/** Upgrades that an isolate holds at a time; beyond that they are closed at once. */
export const MAX_HELD_UPGRADES = 2_000;

/** A refusal is repeated without being judged again for this long, in milliseconds. */
export const JUDGE_AGAIN_AFTER_MS = 15_000;

/** A caller that was not refused for this long starts again with immediate refusals, in milliseconds. */
export const FORGET_AFTER_MS = 30_000;

/** Callers that are remembered, about 300 bytes each: the one refused longest ago is forgotten first. */
export const MAX_CALLERS = 10_000;
