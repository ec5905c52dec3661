import type { Bindings } from '../env.ts';
import { describe } from './account-log.ts';
import { accountsOf } from './accounts.ts';
import { isBanned } from './ban.ts';

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

/**
 * Looks up the session of an `authorization` or a `cookie` header; one query. The session is not prolonged, since the
 * answer to a sync call carries no cookie: pages and `GET /api/auth/get-session` prolong it.
 * @param headers with the one header that is to be judged
 * @param now Unix time in milliseconds
 */
export async function lookUpSession(
  env: Bindings,
  origin: string,
  headers: Headers,
  now: number,
): Promise<SessionVerdict> {
  const accounts = await accountsOf(env, origin);
  try {
    const found = await accounts.api.getSession({ headers, query: { disableRefresh: true } });
    if (found === null) return { kind: 'none' };
    if (isBanned(found.user, now)) return { kind: 'banned' };
    const { user, session } = found;
    return { kind: 'valid', userId: user.id, expiresAt: session.expiresAt.getTime(), sessionId: session.id };
  } catch (error) {
    console.error({ event: 'session look-up failed', error: describe(error) });
    return { kind: 'unavailable' };
  }
}

/** Whether a request brings this deployment's session cookie, be it good or bad. */
export async function bringsSessionCookie(env: Bindings, origin: string, cookies: string): Promise<boolean> {
  const { authCookies } = await (await accountsOf(env, origin)).$context;
  return cookies
    .split(';')
    .some((cookie) => cookie.trimStart().startsWith(`${authCookies.sessionToken.name}=`));
}
