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

/** Counts a room before it is created. Rejects where the registry cannot be reached. */
export type CountCreation = (creation: UserLimits & { readonly userId: string }) => Promise<
  | { readonly kind: 'allowed' | 'unknown user' | 'too many rooms' }
  | {
      readonly kind: 'too many this hour';
      readonly retryAfterMs: number;
    }
>;

/** A room that is not created. */
export interface TooManyRooms {
  readonly kind: 'too many rooms';
  /** For the person who asked for it. */
  readonly detail: string;
  /** Over a WebSocket, at most 123 bytes. */
  readonly reason: string;
  readonly retryAfterS: number;
}

/** Users who were refused, and until when without asking the registry, Unix milliseconds. */
const refused = new Map<string, { readonly refusal: TooManyRooms; readonly until: number }>();
/** Rooms that were created without being counted in the registry, by user. */
const uncounted = new Map<string, { rooms: number; readonly since: number }>();

/**
 * Whether a user may create one more room, which is counted with that. The registry counts; while it cannot, a smaller limit holds
 * for each isolate, so that no failure of D1 keeps a client from its work.
 * @returns `null` where it may be created
 */
export async function refuseCreation(
  env: Bindings,
  userId: string,
  count: CountCreation,
  now: number = Date.now(),
): Promise<TooManyRooms | null> {
  const remembered = refused.get(userId);
  if (remembered !== undefined && remembered.until > now) return remembered.refusal;
  refused.delete(userId);
  const limits = readUserLimits(env);
  const refusal = await ask(userId, limits, count, now);
  if (refusal !== null) remember(refused, userId, { refusal, until: now + REFUSAL_CACHE_MS });
  return refusal;
}

async function ask(
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
    return countHere(userId, limits, now);
  }
  if (answer.kind === 'allowed') return null;
  if (answer.kind === 'unknown user') return countHere(userId, limits, now);
  return answer.kind === 'too many this hour'
    ? tooManyThisHour(limits.maxRoomsPerHour, answer.retryAfterMs)
    : tooManyRooms(limits);
}

/** Counts in this isolate alone. */
function countHere(userId: string, { maxRoomsPerHour }: UserLimits, now: number): TooManyRooms | null {
  const limit = Math.min(MAX_UNCOUNTED_ROOMS_PER_HOUR, maxRoomsPerHour);
  const found = uncounted.get(userId);
  const entry = found !== undefined && found.since > now - HOUR_MS ? found : { rooms: 0, since: now };
  if (entry.rooms >= limit) return tooManyThisHour(limit, entry.since + HOUR_MS - now);
  entry.rooms += 1;
  remember(uncounted, userId, entry);
  return null;
}

/** Beyond `MAX_REMEMBERED_USERS` the one who was remembered first is forgotten. */
function remember<Entry>(users: Map<string, Entry>, userId: string, entry: Entry): void {
  users.set(userId, entry);
  if (users.size <= MAX_REMEMBERED_USERS) return;
  const [oldest] = users.keys();
  if (oldest !== undefined) users.delete(oldest);
}

function tooManyRooms({ maxRooms }: UserLimits): TooManyRooms {
  return {
    kind: 'too many rooms',
    detail: `A user may have ${maxRooms} rooms, and you have as many. The room was not created; delete others first.`,
    reason: `a user may have ${maxRooms} rooms: delete others first`,
    retryAfterS: TOO_MANY_ROOMS_RETRY_AFTER_S,
  };
}

function tooManyThisHour(limit: number, retryAfterMs: number): TooManyRooms {
  const retryAfterS = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  return {
    kind: 'too many rooms',
    detail: `A user may create ${limit} rooms an hour, and you have created as many. The room was not created; try again in ${retryAfterS} s.`,
    reason: `a user may create ${limit} rooms an hour: try again in ${retryAfterS} s`,
    retryAfterS,
  };
}
