import type { Bindings } from '../../domain/env.ts';
import { within } from '../../lib/within.ts';
import { readUserLimits } from '../limits/read-limits.ts';
import {
  ROOM_COUNT_TIMEOUT_MS,
  MAX_REMEMBERED_USERS,
  MAX_UNCOUNTED_ROOMS_PER_HOUR,
  REFUSAL_CACHE_MS,
  TOO_MANY_ROOMS_RETRY_AFTER_S,
  type UserLimits,
} from '../limits/user-limits.ts';
import { describeError } from '../../lib/log-text.ts';

const HOUR_MS = 60 * 60_000;

/** Counts a room before its creation. Rejects if the registry cannot be reached. */
export type CountCreation = (
  creation: UserLimits & { readonly userId: string },
) => Promise<
  | { readonly kind: 'allowed' | 'unknown user' | 'too many rooms' }
  | { readonly kind: 'too many this hour'; readonly retryAfterMs: number }
>;

/** A limit that does not allow one more room. */
export interface TooManyRooms {
  readonly kind: 'too many rooms' | 'too many rooms per hour';
  readonly maxRooms: number;
  readonly retryAfterS: number;
}

/** The last refusal of each user. It is repeated until this time (Unix milliseconds) without asking the registry. */
const refusals = new Map<string, { readonly refusal: TooManyRooms; readonly until: number }>();
/** Rooms created without being counted in the registry, by user. */
const uncounted = new Map<string, { rooms: number; readonly since: number }>();

/**
 * Counts one more room of a user, unless a limit refuses it. While the registry cannot count, a smaller limit per isolate
 * holds, so that a failure of D1 does not stop clients.
 * @returns `null` if the room may be created
 */
export async function refuseCreation(
  env: Bindings,
  userId: string,
  count: CountCreation,
  now: number = Date.now(),
): Promise<TooManyRooms | null> {
  const last = refusals.get(userId);
  if (last !== undefined && last.until > now) return last.refusal;
  refusals.delete(userId);
  const refusal = await countRoom(userId, readUserLimits(env), count, now);
  if (refusal !== null) remember(refusals, userId, { refusal, until: now + REFUSAL_CACHE_MS });
  return refusal;
}

async function countRoom(
  userId: string,
  limits: UserLimits,
  count: CountCreation,
  now: number,
): Promise<TooManyRooms | null> {
  let answer: Awaited<ReturnType<CountCreation>>;
  try {
    answer = await within(ROOM_COUNT_TIMEOUT_MS, count({ userId, ...limits }));
  } catch (error) {
    console.error({ event: 'room_creation_not_counted', error: describeError(error) });
    return countInIsolate(userId, limits, now);
  }
  if (answer.kind === 'allowed') return null;
  if (answer.kind === 'unknown user') return countInIsolate(userId, limits, now);
  if (answer.kind === 'too many this hour')
    return tooManyPerHour(limits.maxRoomsPerHour, answer.retryAfterMs);
  return { kind: 'too many rooms', maxRooms: limits.maxRooms, retryAfterS: TOO_MANY_ROOMS_RETRY_AFTER_S };
}

function countInIsolate(userId: string, { maxRoomsPerHour }: UserLimits, now: number): TooManyRooms | null {
  const maxRooms = Math.min(MAX_UNCOUNTED_ROOMS_PER_HOUR, maxRoomsPerHour);
  const found = uncounted.get(userId);
  const entry = found !== undefined && found.since > now - HOUR_MS ? found : { rooms: 0, since: now };
  if (entry.rooms >= maxRooms) return tooManyPerHour(maxRooms, entry.since + HOUR_MS - now);
  entry.rooms += 1;
  remember(uncounted, userId, entry);
  return null;
}

/** Keeps at most `MAX_REMEMBERED_USERS`; forgets the oldest entry first. */
function remember<Entry>(users: Map<string, Entry>, userId: string, entry: Entry): void {
  users.set(userId, entry);
  if (users.size <= MAX_REMEMBERED_USERS) return;
  const [oldest] = users.keys();
  if (oldest !== undefined) users.delete(oldest);
}

const tooManyPerHour = (maxRooms: number, retryAfterMs: number): TooManyRooms => ({
  kind: 'too many rooms per hour',
  maxRooms,
  retryAfterS: Math.max(1, Math.ceil(retryAfterMs / 1_000)),
});
