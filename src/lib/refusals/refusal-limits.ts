/** Limits of refused WebSocket upgrades (docs/reference/websocket.md). */

/** The first refusals of a caller are immediate, so that clients that stop on them get the code at once, also in several tabs. */
export const MAX_IMMEDIATE_REFUSALS = 3;

/**
 * The same per user and room, for clients that send a new credential each time. Higher, so that one client that repeats its
 * request does not delay the user's other clients.
 */
export const MAX_IMMEDIATE_REFUSALS_OF_USER = 4;

/** A repeated upgrade is accepted and closed after this time. */
export const HOLD_MS = 5_000;

/** Per isolate. Further upgrades are closed at once. */
export const MAX_HELD_UPGRADES = 2_000;

/** A refusal is repeated without a new check for this time. */
export const REFUSAL_RECHECK_MS = 15_000;

/** After this time without a refusal, a caller gets immediate refusals again. */
export const REFUSAL_EXPIRY_MS = 30_000;

/** About 300 bytes each. The caller with the oldest refusal is forgotten first. */
export const MAX_REFUSED_CALLERS = 10_000;
