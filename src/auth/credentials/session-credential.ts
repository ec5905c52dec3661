import type { Bindings } from '../../domain/env.ts';
import { describeError } from '../../lib/log-text.ts';
import { IS_BANNED_SQL } from '../identity/ban.ts';
import { tokenOfSigned } from '../identity/session-cookie.ts';

/** What a session token or cookie comes to. `expiresAt` is Unix time in milliseconds. */
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
 * The session of a token after `Bearer`: as the body of a sign-in gives it, or signed, as its header `set-auth-token`.
 * One query, and nothing of Better Auth, which a room's isolate never loads. The session is not prolonged, since the answer
 * to a sync call carries no cookie: pages and `GET /api/auth/get-session` prolong it.
 * @param now Unix time in milliseconds
 */
export async function sessionOfBearer(env: Bindings, bearer: string, now: number): Promise<SessionVerdict> {
  return sessionOf(env, bearer.includes('.') ? tokenOfSigned(env.BETTER_AUTH_SECRET, bearer) : bearer, now);
}

/** The same of the value of a session's cookie. */
export async function sessionOfCookie(env: Bindings, value: string, now: number): Promise<SessionVerdict> {
  return sessionOf(env, tokenOfSigned(env.BETTER_AUTH_SECRET, value), now);
}

async function sessionOf(env: Bindings, token: string | null, now: number): Promise<SessionVerdict> {
  if (token === null) return { kind: 'none' };
  try {
    const found = await env.DB.prepare(SESSION).bind(token, now).first<SessionRow>();
    if (found === null) return { kind: 'none' };
    const { isBanned, ...session } = found;
    return isBanned === 1 ? { kind: 'banned' } : { kind: 'valid', ...session };
  } catch (error) {
    console.error({ event: 'session look-up failed', error: describeError(error) });
    return { kind: 'unavailable' };
  }
}
