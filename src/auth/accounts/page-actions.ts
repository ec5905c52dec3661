import { HTTPException } from 'hono/http-exception';
import type { Bindings } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { describeError } from '../../lib/log-text.ts';
import { accountsOf } from './accounts.ts';
import { isBanned } from '../identity/ban.ts';
import { type Claim, claimCookie, noClaimCookie, readClaim } from '../sessions/claim.ts';
import { act, type ActionResult } from './form-action.ts';
import { isOperatorRole } from '../identity/operators.ts';
import { ownOrigin } from '../identity/origins.ts';
import { sessionCookieName, valueOfCookie } from '../identity/session-cookie.ts';
import { watchDatabase } from '../identity/watched-database.ts';

/** Whom the session cookie names. */
export interface CurrentUser {
  readonly id: string;
  readonly sessionId: string;
  readonly name: string;
  readonly email: string;
  readonly isOperator: boolean;
  /** `Set-Cookie` values for the answer: a session that is a day old is prolonged, and a claim is given out. */
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

export async function signOut(env: Bindings, request: Request): Promise<ActionResult> {
  const result = await act(env, request, '/sign-out', {});
  if (!result.ok) return result;
  return { ok: true, setCookies: [...result.setCookies, noClaimCookie(ownOrigin(request))] };
}

/**
 * The user of the session cookie, `null` without a good one. For pages read with GET: it checks no `Origin`.
 * @throws HTTPException of 503 where sessions cannot be looked up
 */
export async function currentUser(request: Request, env: Bindings): Promise<CurrentUser | null> {
  const cookie = request.headers.get('cookie');
  if (cookie === null) return null;
  try {
    const { response, headers } = await readSession(request, env, cookie);
    if (response === null || isBanned(response.user, Date.now())) return null;
    const { id, name, email, role } = response.user;
    const sessionId = response.session.id;
    const claim = { userId: id, sessionId, isOperator: isOperatorRole(role ?? null) };
    const setCookies = [...headers.getSetCookie(), ...newClaim(request, env, cookie, claim)];
    return { id, sessionId, name, email, isOperator: claim.isOperator, setCookies };
  } catch (error) {
    console.error({ event: 'session look-up failed', error: describeError(error) });
    throw new HTTPException(503, { res: problem(503, 'Sessions cannot be checked just now; try again.') });
  }
}

/** Prolongs the session where that is due. One that cannot be prolonged, as in a full database, is good all the same. */
async function readSession(request: Request, env: Bindings, cookie: string) {
  const accounts = await accountsOf(env, ownOrigin(request));
  const headers = new Headers({ cookie });
  try {
    const { result, outage } = await watchDatabase(() =>
      accounts.api.getSession({ headers, returnHeaders: true }),
    );
    if (outage === null) return result;
  } catch (error) {
    console.error({ event: 'session_not_prolonged', error: describeError(error) });
  }
  return accounts.api.getSession({ headers, returnHeaders: true, query: { disableRefresh: true } });
}

/** The claim's `Set-Cookie`, where the browser does not have this very claim. */
function newClaim(request: Request, env: Bindings, cookies: string, claim: Claim): string[] {
  const origin = ownOrigin(request);
  const sessionCookie = valueOfCookie(cookies, sessionCookieName(origin));
  if (sessionCookie === null) return [];
  const known = readClaim(env, origin, cookies, sessionCookie);
  const isKnown = known?.sessionId === claim.sessionId && known.isOperator === claim.isOperator;
  return isKnown ? [] : [claimCookie(env, origin, claim, sessionCookie)];
}
