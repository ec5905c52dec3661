import type { Bindings } from '../../domain/env.ts';
import { describeError } from '../../lib/log-text.ts';
import { IS_BANNED_SQL } from '../identity/ban.ts';
import { readSignedToken } from '../identity/session-cookie.ts';

/** Result of a session lookup. `expiresAt` is Unix time in milliseconds. */
export type SessionVerdict =
  | {
      readonly kind: 'valid';
      readonly userId: string;
      readonly expiresAt: number;
      readonly sessionId: string;
    }
  | { readonly kind: 'none' }
  | { readonly kind: 'banned' }
  | { readonly kind: 'unavailable' };

const SESSION = `
  SELECT session.id AS sessionId, session.user_id AS userId, session.expires_at AS expiresAt,
    ${IS_BANNED_SQL} AS isBanned
  FROM session JOIN user ON user.id = session.user_id
  WHERE session.token = ?1 AND session.expires_at > ?2`;

interface SessionRow {
  readonly sessionId: string;
  readonly userId: string;
  readonly expiresAt: number;
  readonly isBanned: 0 | 1;
}

/**
 * Looks up the session of a bearer token: plain, or signed as in the header `set-auth-token`. One query, without loading
 * Better Auth. Does not refresh the session, because a sync response carries no cookie; pages and
 * `GET /api/auth/get-session` refresh it.
 * @param now Unix time in milliseconds
 */
export async function findSessionByBearer(
  env: Bindings,
  bearer: string,
  now: number,
): Promise<SessionVerdict> {
  return findSession(
    env,
    bearer.includes('.') ? readSignedToken(env.BETTER_AUTH_SECRET, bearer) : bearer,
    now,
  );
}

/** Looks up the session of a session cookie's value. */
export async function findSessionByCookie(
  env: Bindings,
  value: string,
  now: number,
): Promise<SessionVerdict> {
  return findSession(env, readSignedToken(env.BETTER_AUTH_SECRET, value), now);
}

async function findSession(env: Bindings, token: string | null, now: number): Promise<SessionVerdict> {
  if (token === null) return { kind: 'none' };
  try {
    const found = await env.DB.prepare(SESSION).bind(token, now).first<SessionRow>();
    if (found === null) return { kind: 'none' };
    const { isBanned, ...session } = found;
    return isBanned === 1 ? { kind: 'banned' } : { kind: 'valid', ...session };
  } catch (error) {
    console.error({ event: 'session_lookup_failed', error: describeError(error) });
    return { kind: 'unavailable' };
  }
}
