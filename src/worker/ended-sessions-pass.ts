import type { EndedSession, Progress } from '../auth/sessions/ended-sessions.ts';
import { inParallel } from '../lib/in-parallel.ts';
import { describeError } from '../lib/log-text.ts';
import { within } from '../lib/within.ts';
import type { SocketSelector } from '../rooms/contract/contract.ts';

/** The I/O of the pass. Each function may reject, and may be called again. */
export interface PassDeps {
  /** Unix milliseconds. */
  now(): number;
  /** Entries of the queue, oldest first. */
  readEnded(limit: number): Promise<readonly EndedSession[]>;
  /** At most `limit` rooms that may have sockets of the user, ordered by name. */
  readRooms(query: RoomQuery, after: string, limit: number): Promise<readonly string[]>;
  /** Closes sockets of a room and returns how many. */
  endSockets(doName: string, sockets: SocketSelector): Promise<number>;
  removeEntries(entries: readonly EndedSession[]): Promise<void>;
  requeueEntries(entries: readonly EndedSession[], progress: Progress): Promise<void>;
}

/** Rooms of a user that were in use since a time. Times are Unix milliseconds. */
interface RoomQuery {
  readonly userId: string;
  readonly socketsSince: number;
  readonly endedAt: number;
}

/** Limits of one run. The next run continues. */
export interface PassBounds {
  readonly entries: number;
  /** After this many rooms, the run reads no further page. */
  readonly rooms: number;
  /** After this time, the run reads no further page. */
  readonly durationMs: number;
  /** Timeout of the call to each room. */
  readonly answerMs: number;
}

export interface PassSummary {
  /** Entries that the run read, and how many of them are done. */
  readonly entries: number;
  readonly settled: number;
  /** Rooms that were notified, and the sockets that they closed. */
  readonly rooms: number;
  readonly sockets: number;
  /** At most `MAX_FAILURES` lines. A later run retries what failed. */
  readonly failures: readonly string[];
}

const MAX_PARALLEL_USERS = 4;
const MAX_PARALLEL_ROOMS_PER_USER = 6;
const MAX_ROOMS_PER_PAGE = 48;
const MAX_FAILURES = 5;

/**
 * Closes the sockets of ended sessions: notifies each room that may have some, then removes the entry. Repeated and concurrent
 * runs close the same sockets. A room or user that fails moves to the end of the queue and does not block the others.
 * @throws if the queue cannot be read
 */
export async function runEndedSessionsPass(deps: PassDeps, bounds: PassBounds): Promise<PassSummary> {
  return new EndedSessionsPass(deps, bounds).run();
}

class EndedSessionsPass {
  readonly #deps: PassDeps;
  readonly #bounds: PassBounds;
  readonly #deadline: number;
  readonly #failures: string[] = [];
  #roomsLeft: number;
  #settled = 0;
  #rooms = 0;
  #sockets = 0;

  constructor(deps: PassDeps, bounds: PassBounds) {
    this.#deps = deps;
    this.#bounds = bounds;
    this.#deadline = deps.now() + bounds.durationMs;
    this.#roomsLeft = bounds.rooms;
  }

  async run(): Promise<PassSummary> {
    const entries = await this.#deps.readEnded(this.#bounds.entries);
    const byUser = Map.groupBy(entries, ({ userId }) => userId);
    await inParallel([...byUser.values()], MAX_PARALLEL_USERS, async (ofUser) => {
      try {
        await this.#processUser(ofUser);
      } catch (error) {
        this.#failures.push(`the queue: ${describeError(error)}`);
      }
    });
    return {
      entries: entries.length,
      settled: this.#settled,
      rooms: this.#rooms,
      sockets: this.#sockets,
      failures: this.#failures.slice(0, MAX_FAILURES),
    };
  }

  get #isExhausted(): boolean {
    return this.#roomsLeft <= 0 || this.#deps.now() >= this.#deadline;
  }

  /** All entries of a user need the same rooms, so each room is called once for all of them. */
  async #processUser(entries: readonly EndedSession[]): Promise<void> {
    if (this.#isExhausted) return;
    const current = entries.filter(({ isSuperseded }) => !isSuperseded);
    const superseded = entries.filter(({ isSuperseded }) => isSuperseded);
    const progress = current.length === 0 ? null : await this.#notifyRooms(current);
    const done = progress === null ? entries : superseded;
    if (done.length > 0) await this.#deps.removeEntries(done);
    this.#settled += done.length;
    if (progress !== null) await this.#deps.requeueEntries(current, progress);
  }

  /** @returns `null` if every room was notified */
  async #notifyRooms(entries: readonly EndedSession[]): Promise<Progress | null> {
    const query = getRoomQuery(entries);
    const sockets = getSocketSelector(entries);
    let notifiedThrough = entries.map((entry) => entry.notifiedThrough).reduce((a, b) => (a < b ? a : b));
    let needsRetry = entries.some((entry) => entry.needsRetry);
    while (!this.#isExhausted) {
      const limit = Math.min(MAX_ROOMS_PER_PAGE, this.#roomsLeft);
      // oxlint-disable-next-line no-await-in-loop -- a page begins where the previous one ended
      const page = await this.#deps.readRooms(query, notifiedThrough, limit);
      this.#roomsLeft -= page.length;
      // oxlint-disable-next-line no-await-in-loop
      needsRetry = !(await this.#notifyPage(page, sockets)) || needsRetry;
      notifiedThrough = page.at(-1) ?? notifiedThrough;
      if (page.length < limit) return needsRetry ? { notifiedThrough: '', needsRetry: false } : null;
    }
    return { notifiedThrough, needsRetry };
  }

  /** @returns whether every room of the page was notified */
  async #notifyPage(page: readonly string[], sockets: SocketSelector): Promise<boolean> {
    let isComplete = true;
    await inParallel(page, MAX_PARALLEL_ROOMS_PER_USER, async (doName) => {
      try {
        const ended = await within(this.#bounds.answerMs, this.#deps.endSockets(doName, sockets));
        this.#sockets += ended;
        this.#rooms += 1;
      } catch (error) {
        isComplete = false;
        this.#failures.push(`${doName}: ${describeError(error)}`);
      }
    });
    return isComplete;
  }
}

function getRoomQuery(entries: readonly EndedSession[]): RoomQuery {
  return {
    userId: entries[0]?.userId ?? '',
    socketsSince: Math.min(...entries.map(({ socketsSince }) => socketsSince)),
    endedAt: Math.min(...entries.map(({ endedAt }) => endedAt)),
  };
}

function getSocketSelector(entries: readonly EndedSession[]): SocketSelector {
  const sessionIds = entries.map(({ sessionId }) => sessionId);
  const known = sessionIds.filter((id) => id !== null);
  // An entry without a session is the account itself.
  return known.length < sessionIds.length ? 'everyone' : known;
}
