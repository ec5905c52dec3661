import { HTTPException } from 'hono/http-exception';
import type { Bindings } from '../env.ts';
import { problem } from '../problem.ts';
import { describe } from './account-log.ts';
import { accountsOf } from './accounts.ts';
import { isBanned } from './ban.ts';
import { act, type ActionResult } from './form-action.ts';
import { ownOrigin } from './origins.ts';

/** Whom the session cookie names. */
export interface CurrentUser {
  readonly id: string;
  readonly sessionId: string;
  readonly name: string;
  readonly email: string;
  /** Comma-separated, as Better Auth's admin plugin stores them. */
  readonly role: string | null;
  /** `Set-Cookie` values for the answer: a session that is a day old is prolonged. */
  readonly setCookies: readonly string[];
}

export function signUp(
  env: Bindings,
  request: Request,
  form: { readonly name: string; readonly email: string; readonly password: string },
): Promise<ActionResult> {
  return act(env, request, '/sign-up/email', form);
}

export function signIn(
  env: Bindings,
  request: Request,
  form: { readonly email: string; readonly password: string },
): Promise<ActionResult> {
  return act(env, request, '/sign-in/email', form);
}

export function signOut(env: Bindings, request: Request): Promise<ActionResult> {
  return act(env, request, '/sign-out', {});
}

/**
 * The user of the session cookie, `null` without a good one. For pages read with GET: it checks no `Origin`.
 * @throws HTTPException of 503 where sessions cannot be looked up
 */
export async function currentUser(request: Request, env: Bindings): Promise<CurrentUser | null> {
  const cookie = request.headers.get('cookie');
  if (cookie === null) return null;
  const accounts = await accountsOf(env, ownOrigin(request));
  try {
    const { response, headers } = await accounts.api.getSession({
      headers: new Headers({ cookie }),
      returnHeaders: true,
    });
    if (response === null || isBanned(response.user, Date.now())) return null;
    const { id, name, email, role } = response.user;
    const sessionId = response.session.id;
    return { id, sessionId, name, email, role: role ?? null, setCookies: headers.getSetCookie() };
  } catch (error) {
    console.error({ event: 'session look-up failed', error: describe(error) });
    throw new HTTPException(503, { res: problem(503, 'Sessions cannot be checked just now; try again.') });
  }
}
