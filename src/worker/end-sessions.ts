import type { MiddlewareHandler } from 'hono';
import {
  deleteEndedSessions,
  readEndedSessions,
  requeueEndedSessions,
} from '../auth/sessions/ended-sessions.ts';
import { type PassBounds, type PassDeps, runEndedSessionsPass } from './ended-sessions-pass.ts';
import type { AppEnv, Bindings } from '../domain/env.ts';
import { readRoomsInUse } from '../registry/read/rooms-in-use.ts';
import { endSockets } from '../rooms/actions/end-sockets.ts';
import { describeError } from '../lib/log-text.ts';

/**
 * A Worker may make 1,000 calls per invocation (Cloudflare, "Workers: Limits", subrequests). A run makes one per room and about
 * two per entry.
 */
const CRON_BOUNDS: PassBounds = { entries: 120, rooms: 500, durationMs: 25_000, answerMs: 5_000 };

/** `waitUntil` allows 30 s after a response (Cloudflare, "Workers: Context"). */
const AFTER_RESPONSE_BOUNDS: PassBounds = { entries: 20, rooms: 60, durationMs: 10_000, answerMs: 5_000 };

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The dependencies of the pass: D1, the registry and the rooms. */
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
    endSockets: (doName, sockets) => endSockets(env, doName, sockets),
    removeEntries: (entries) => deleteEndedSessions(DB, entries),
    requeueEntries: (entries, progress) => requeueEndedSessions(DB, entries, progress, Date.now()),
  };
}

/** Closes the sockets of ended sessions. Logs one record if there were any. Never rejects. */
export async function endSessions(env: Bindings, bounds: PassBounds = CRON_BOUNDS): Promise<void> {
  const startedAt = Date.now();
  try {
    const summary = await runEndedSessionsPass(createPassDeps(env), bounds);
    if (summary.entries === 0) return;
    const ok = summary.failures.length === 0;
    const record = { event: 'ended_sessions', ok, ...summary, seconds: (Date.now() - startedAt) / 1000 };
    if (ok) console.info(record);
    else console.error(record);
  } catch (error) {
    console.error({ event: 'ended_sessions', ok: false, error: describeError(error) });
  }
}

/** For routes that may end a session: closes its sockets after the response, without waiting for the cron. */
export const endSessionsAfterResponse: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  // A failed sign-in must not cause reads of D1.
  if (SAFE_METHODS.has(c.req.method) || c.res.status >= 400) return;
  c.get('afterResponse').push('end sessions', () => endSessions(c.env, AFTER_RESPONSE_BOUNDS));
};
