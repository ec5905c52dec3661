import type { Bindings } from '../../domain/env.ts';
import { describeError } from '../../lib/log-text.ts';
import { getBetterAuth } from './better-auth.ts';

/**
 * The session of a request to Better Auth, as Better Auth itself reads it: the password limit must not see another user
 * than Better Auth does. `unavailable` if the lookup failed. One query.
 * @param headers of the request, with at most one of `authorization` and `cookie`
 */
export async function readBetterAuthSession(
  env: Bindings,
  origin: string,
  headers: Headers,
): Promise<{ readonly userId: string } | 'unavailable' | null> {
  const accounts = await getBetterAuth(env, origin);
  try {
    const found = await accounts.api.getSession({ headers, query: { disableRefresh: true } });
    return found === null ? null : { userId: found.user.id };
  } catch (error) {
    console.error({ event: 'session_lookup_failed', error: describeError(error) });
    return 'unavailable';
  }
}
