/** What one user may have and create. Operators may set both (docs/reference/configuration.md). */
export interface UserLimits {
  /** Rooms of one user at a time. */
  readonly maxRooms: number;
  /** Rooms that one user creates or recreates within an hour. */
  readonly maxRoomsPerHour: number;
}

/**
 * A person makes some tens of rooms a day; an app that imports notes, one room each, makes thousands once. What the defaults
 * mean in money and bytes of D1 stands in docs/reference/limits.md.
 */
export const DEFAULT_USER_LIMITS: UserLimits = { maxRooms: 10_000, maxRoomsPerHour: 1_000 };

/** Rooms of one user that one isolate creates within an hour while the registry cannot count them. */
export const MAX_UNCOUNTED_ROOMS_PER_HOUR = 100;

/** Users of whom an isolate remembers how it answered them: about 100 bytes each. */
export const MAX_REMEMBERED_USERS = 5_000;

/** A creation waits this long for the registry, in milliseconds, and then counts as one that cannot be counted. */
export const ROOM_COUNT_TIMEOUT_MS = 2_000;

/** A refusal is repeated without asking the registry for this long, in milliseconds. */
export const REFUSAL_CACHE_MS = 5_000;

/** `Retry-After` of a user who has as many rooms as allowed, in seconds: only a deletion changes that. */
export const TOO_MANY_ROOMS_RETRY_AFTER_S = 300;
