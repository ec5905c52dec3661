import type { EndedSession, Progress } from '../auth/sessions/ended-sessions.ts';
import { inParallel } from '../lib/in-parallel.ts';
import type { SocketSelector } from '../rooms/contract/contract.ts';
import { within } from '../lib/within.ts';
import { describeError } from '../lib/log-text.ts';

/** What the pass reads, tells and writes. Each may reject; each may be done again. */
export interface PassDeps {
  /** Unix milliseconds. */
  now(): number;
  /** Those that waited longest first. */
  readEnded(limit: number): Promise<readonly EndedSession[]>;
  /** Rooms that may have sockets of a user, in the order of their names, `limit` of them where there are more. */
  readRooms(of: RoomsOf, after: string, limit: number): Promise<readonly string[]>;
  /** Ends sockets of a room; gives how many there were. */
  tell(doName: string, of: SocketSelector): Promise<number>;
  settle(entries: readonly EndedSession[]): Promise<void>;
  putBack(entries: readonly EndedSession[], progress: Progress): Promise<void>;
}

/** Whose rooms, and since when they must have been in use to be meant. Times are Unix milliseconds. */
interface RoomsOf {
  readonly userId: string;
  readonly socketsSince: number;
  readonly endedAt: number;
}

/** How much one run does. What is left waits for the next one. */
export interface PassBounds {
  readonly entries: number;
  /** No page of rooms is begun once so many were told. */
  readonly rooms: number;
  /** Nor after this time, in milliseconds. */
  readonly durationMs: number;
  /** A room that does not answer for this long holds nobody else up, in milliseconds. */
  readonly answerMs: number;
}

export interface PassSummary {
  /** Ended sessions and accounts that the run took up, and how many of them it is done with. */
  readonly entries: number;
  readonly settled: number;
  /** Rooms told, and the sockets that they ended. */
  readonly rooms: number;
  readonly sockets: number;
  /** One line for each failure, the first few of them. What failed is done again by a later run. */
  readonly failures: readonly string[];
}

const USERS_AT_ONCE = 4;
const ROOMS_AT_ONCE = 6;
const ROOMS_A_PAGE = 48;
const FAILURES_TOLD = 5;

/**
 * Ends the sockets of ended sessions: tells each room that may have some, and forgets a session once all of its rooms
 * were told. Doing it twice, at once or after a crash half-way ends the same sockets. One room or user that fails
 * does not keep the others from being told, and goes to the end of the queue.
 * @throws where the queue cannot be read
 */
export async function runEndedSessionsPass(deps: PassDeps, bounds: PassBounds): Promise<PassSummary> {
  const done = { settled: 0, rooms: 0, sockets: 0 };
  const failures: string[] = [];
  const deadline = deps.now() + bounds.durationMs;
  let roomsLeft = bounds.rooms;

  const entries = await deps.readEnded(bounds.entries);
  await inParallel([...byUser(entries).values()], USERS_AT_ONCE, async (ofUser) => {
    try {
      await endUsersSockets(ofUser);
    } catch (error) {
      failures.push(`the queue: ${describeError(error)}`);
    }
  });
  return { entries: entries.length, ...done, failures: failures.slice(0, FAILURES_TOLD) };

  function isUsedUp(): boolean {
    return roomsLeft <= 0 || deps.now() >= deadline;
  }

  async function endUsersSockets(ofUser: readonly EndedSession[]): Promise<void> {
    if (isUsedUp()) return;
    const real = ofUser.filter(({ isSuperseded }) => !isSuperseded);
    const superseded = ofUser.filter(({ isSuperseded }) => isSuperseded);
    const progress = real.length === 0 ? null : await tellRooms(real);
    const settled = progress === null ? ofUser : superseded;
    if (settled.length > 0) await deps.settle(settled);
    done.settled += settled.length;
    if (progress !== null) await deps.putBack(real, progress);
  }

  /** @returns `null` where every room was told */
  async function tellRooms(ofUser: readonly EndedSession[]): Promise<Progress | null> {
    const rooms = roomsOf(ofUser);
    const sockets = socketsOf(ofUser);
    let notifiedThrough = ofUser.map((entry) => entry.notifiedThrough).reduce((a, b) => (a < b ? a : b));
    let needsRetry = ofUser.some((entry) => entry.needsRetry);
    while (!isUsedUp()) {
      const limit = Math.min(ROOMS_A_PAGE, roomsLeft);
      // A page is where the one before ended.
      // oxlint-disable-next-line no-await-in-loop
      const page = await deps.readRooms(rooms, notifiedThrough, limit);
      roomsLeft -= page.length;
      // oxlint-disable-next-line no-await-in-loop
      needsRetry = !(await tellPage(page, sockets)) || needsRetry;
      notifiedThrough = page.at(-1) ?? notifiedThrough;
      if (page.length < limit) return needsRetry ? { notifiedThrough: '', needsRetry: false } : null;
    }
    return { notifiedThrough, needsRetry };
  }

  /** @returns whether all could be told */
  async function tellPage(page: readonly string[], sockets: SocketSelector): Promise<boolean> {
    let all = true;
    await inParallel(page, ROOMS_AT_ONCE, async (doName) => {
      try {
        const ended = await within(bounds.answerMs, deps.tell(doName, sockets));
        done.sockets += ended;
        done.rooms += 1;
      } catch (error) {
        all = false;
        failures.push(`${doName}: ${describeError(error)}`);
      }
    });
    return all;
  }
}

/** All that ended of one user is told at once. */
function byUser(entries: readonly EndedSession[]): Map<string, EndedSession[]> {
  return Map.groupBy(entries, ({ userId }) => userId);
}

function roomsOf(ofUser: readonly EndedSession[]): RoomsOf {
  return {
    userId: ofUser[0]?.userId ?? '',
    socketsSince: Math.min(...ofUser.map(({ socketsSince }) => socketsSince)),
    endedAt: Math.min(...ofUser.map(({ endedAt }) => endedAt)),
  };
}

function socketsOf(ofUser: readonly EndedSession[]): SocketSelector {
  const ids = ofUser.map(({ sessionId }) => sessionId);
  const ofSessions = ids.filter((id) => id !== null);
  return ofSessions.length < ids.length ? 'everyone' : ofSessions;
}
