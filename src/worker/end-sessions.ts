import type { MiddlewareHandler } from 'hono';
import {
  requeueEndedSessions,
  readEndedSessions,
  deleteEndedSessions,
} from '../auth/sessions/ended-sessions.ts';
import { type PassBounds, type PassDeps, runEndedSessionsPass } from './ended-sessions-pass.ts';
import type { AppEnv, Bindings } from '../domain/env.ts';
import { readRoomsInUse } from '../registry/read/rooms-in-use.ts';
import { endSockets } from '../rooms/actions/end-sockets.ts';
import { describeError } from '../lib/log-text.ts';

/**
 * What the cron does each minute. A Worker may make 1,000 calls in one run (Cloudflare, "Workers: Limits",
 * subrequests): here one for each room, and about two for each entry.
 */
const CRON_BOUNDS: PassBounds = { entries: 120, rooms: 500, durationMs: 25_000, answerMs: 5_000 };

/** What is done after a response; that has 30 s (Cloudflare, "Workers: Context", `waitUntil`). */
const AFTER_RESPONSE_BOUNDS: PassBounds = { entries: 20, rooms: 60, durationMs: 10_000, answerMs: 5_000 };

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The pass on the real D1, registry and rooms. */
export function createPassDeps(env: Bindings): PassDeps {
  const { DB } = env;
  return {
    now: Date.now,
    readEnded: (limit) => readEndedSessions(DB, Date.now(), limit),
    readRooms: ({ userId, socketsSince, endedAt }, after, limit) =>
      readRoomsInUse(DB, {
        userId,
        usedSince: socketsSince,
        goneSince: endedAt,
        after,
        limit,
      }),
    tell: (doName, of) => endSockets(env, doName, of),
    settle: (entries) => deleteEndedSessions(DB, entries),
    putBack: (entries, progress) => requeueEndedSessions(DB, entries, progress, Date.now()),
  };
}

/** Ends the sockets of ended sessions, and logs one record where there were any. Never rejects. */
export async function endSessions(env: Bindings, bounds: PassBounds = CRON_BOUNDS): Promise<void> {
  const startedAt = Date.now();
  try {
    const summary = await runEndedSessionsPass(createPassDeps(env), bounds);
    if (summary.entries === 0) return;
    const ok = summary.failures.length === 0;
    const record = { event: 'ended sessions', ok, ...summary, seconds: (Date.now() - startedAt) / 1000 };
    if (ok) console.info(record);
    else console.error(record);
  } catch (error) {
    console.error({ event: 'ended sessions', ok: false, error: describeError(error) });
  }
}

/** For routes that may end a session: its sockets are ended as soon as the response is made, not by the next cron. */
export const endSessionsAfterwards: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  // Whoever guesses passwords has nothing looked up for him.
  if (SAFE_METHODS.has(c.req.method) || c.res.status >= 400) return;
  c.get('afterResponse').push('end sessions', () => endSessions(c.env, AFTER_RESPONSE_BOUNDS));
};
