import type { Bindings } from '../../domain/env.ts';
import { getOrigin } from '../../lib/origin.ts';
import { IS_BANNED_SQL } from '../identity/ban.ts';
import { getCookieValue, getSessionCookieName, readSignedToken } from '../identity/session-cookie.ts';

/** A longer `Cookie` header is ignored, in characters. */
const MAX_COOKIE_CHARACTERS = 16 * 1024;

const SESSION_USER = `
  SELECT session.id AS sessionId, session.expires_at AS expiresAt, user.id, user.name, user.email, user.role
  FROM session JOIN user ON user.id = session.user_id
  WHERE session.token = ?1 AND session.expires_at > ?2 AND NOT ${IS_BANNED_SQL}`;

/** A session with its user. */
interface SessionUser {
  readonly sessionId: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: string | null;
}

/**
 * The user of the session cookie; `null` without a valid session, or if the user is banned. One query on the primary, without
 * loading Better Auth. Rejects if D1 fails.
 * @param now Unix milliseconds
 */
export async function readSessionUser(
  request: Request,
  env: Bindings,
  now: number,
): Promise<SessionUser | null> {
  const cookies = request.headers.get('cookie') ?? '';
  if (cookies.length > MAX_COOKIE_CHARACTERS) return null;
  const cookie = getCookieValue(cookies, getSessionCookieName(getOrigin(request)));
  const token = cookie === null ? null : readSignedToken(env.BETTER_AUTH_SECRET, cookie);
  return token === null ? null : env.DB.prepare(SESSION_USER).bind(token, now).first<SessionUser>();
}
