import { HTTPException } from 'hono/http-exception';
import type { Bindings } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { describeError } from '../../lib/log-text.ts';
import { getBetterAuth } from './better-auth.ts';
import { isBanned } from '../identity/ban.ts';
import { type Claim, claimCookie, noClaimCookie, readClaim } from '../sessions/claim.ts';
import { submitForm, type ActionResult } from './form-action.ts';
import { isOperatorRole } from '../identity/operators.ts';
import { getOrigin } from '../../lib/origin.ts';
import { getSessionCookieName, getCookieValue } from '../identity/session-cookie.ts';
import { trackOutages } from '../identity/outage-tracking.ts';

/** The user of the session cookie. */
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
  return submitForm(env, request, '/sign-up/email', form);
}

export function signIn(
  env: Bindings,
  request: Request,
  form: { readonly email: string; readonly password: string },
): Promise<ActionResult> {
  return submitForm(env, request, '/sign-in/email', form);
}

export async function signOut(env: Bindings, request: Request): Promise<ActionResult> {
  const result = await submitForm(env, request, '/sign-out', {});
  if (!result.ok) return result;
  return { ok: true, setCookies: [...result.setCookies, noClaimCookie(getOrigin(request))] };
}

/**
 * The user of the session cookie, or `null` without a valid one. Only for GET requests: it does not check `Origin`.
 * @throws HTTPException of 503 if the lookup fails
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
    console.error({ event: 'session_lookup_failed', error: describeError(error) });
    throw new HTTPException(503, { res: problem(503, 'Sessions cannot be checked just now; try again.') });
  }
}

/** Refreshes the session if it is due. If that fails, as in a full database, the session is still valid. */
async function readSession(request: Request, env: Bindings, cookie: string) {
  const accounts = await getBetterAuth(env, getOrigin(request));
  const headers = new Headers({ cookie });
  try {
    const { result, outage } = await trackOutages(() =>
      accounts.api.getSession({ headers, returnHeaders: true }),
    );
    if (outage === null) return result;
  } catch (error) {
    console.error({ event: 'session_refresh_failed', error: describeError(error) });
  }
  return accounts.api.getSession({ headers, returnHeaders: true, query: { disableRefresh: true } });
}

/** The claim's `Set-Cookie`, where the browser does not have this very claim. */
function newClaim(request: Request, env: Bindings, cookies: string, claim: Claim): string[] {
  const origin = getOrigin(request);
  const sessionCookie = getCookieValue(cookies, getSessionCookieName(origin));
  if (sessionCookie === null) return [];
  const known = readClaim(env, origin, cookies, sessionCookie);
  const isKnown = known?.sessionId === claim.sessionId && known.isOperator === claim.isOperator;
  return isKnown ? [] : [claimCookie(env, origin, claim, sessionCookie)];
}
