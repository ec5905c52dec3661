import type { Bindings } from '../../domain/env.ts';
import { describeError } from '../../lib/log-text.ts';
import { accountsOf } from './accounts.ts';

/**
 * Whose session a request to Better Auth is of, as Better Auth itself reads it: what guards it must not take a request for
 * nobody's that it takes for somebody's. `null`: of none. `unavailable`: it could not be looked up. One query.
 * @param headers of the request, with at most one of `authorization` and `cookie`
 */
export async function sessionOfAccount(
  env: Bindings,
  origin: string,
  headers: Headers,
): Promise<{ readonly userId: string } | 'unavailable' | null> {
  const accounts = await accountsOf(env, origin);
  try {
    const found = await accounts.api.getSession({ headers, query: { disableRefresh: true } });
    return found === null ? null : { userId: found.user.id };
  } catch (error) {
    console.error({ event: 'session look-up failed', error: describeError(error) });
    return 'unavailable';
  }
}
