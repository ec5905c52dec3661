/** Limits of one user. Operators can set both (docs/reference/configuration.md). */
export interface UserLimits {
  /** Existing rooms. */
  readonly maxRooms: number;
  /** Rooms that are created or recreated per hour. */
  readonly maxRoomsPerHour: number;
}

/**
 * A person creates some tens of rooms a day; an app that imports notes, one room each, creates thousands once.
 * docs/reference/limits.md has the cost of the defaults in money and bytes of D1.
 */
export const DEFAULT_USER_LIMITS: UserLimits = { maxRooms: 10_000, maxRoomsPerHour: 1_000 };

/** Rooms of one user that one isolate creates per hour while the registry is unavailable. */
export const MAX_UNCOUNTED_ROOMS_PER_HOUR = 100;

/** Users whose last answer an isolate caches, about 100 bytes each. */
export const MAX_REMEMBERED_USERS = 5_000;

/** A creation waits this long for the registry to count the user's rooms, in milliseconds; then the registry is unavailable. */
export const ROOM_COUNT_TIMEOUT_MS = 2_000;

/** A refusal is cached for this long, in milliseconds. */
export const REFUSAL_CACHE_MS = 5_000;

/** `Retry-After` for a user with the maximum of rooms, in seconds. Only a deletion helps. */
export const TOO_MANY_ROOMS_RETRY_AFTER_S = 300;
