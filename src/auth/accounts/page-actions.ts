import { HTTPException } from 'hono/http-exception';
import type { Bindings } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { describeError } from '../../lib/log-text.ts';
import { getBetterAuth } from './better-auth.ts';
import { submitForm, type ActionResult } from './form-action.ts';
import { isOperatorRole } from '../identity/operators.ts';
import { getOrigin } from '../../lib/origin.ts';
import { SESSION_LIFETIME_SECONDS, SESSION_REFRESH_AGE_SECONDS } from '../identity/session-cookie.ts';
import { trackOutages } from '../identity/outage-tracking.ts';
import { readSessionUser } from '../sessions/session-user.ts';

/** The user of the session cookie. */
export interface CurrentUser {
  readonly id: string;
  readonly sessionId: string;
  readonly name: string;
  readonly email: string;
  readonly isOperator: boolean;
  /** `Set-Cookie` values of the response: the cookie of a refreshed session. */
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

export function signOut(env: Bindings, request: Request): Promise<ActionResult> {
  return submitForm(env, request, '/sign-out', {});
}

/** A session that expires earlier than this after now must be refreshed. */
const REFRESH_BEFORE_EXPIRY_MS = (SESSION_LIFETIME_SECONDS - SESSION_REFRESH_AGE_SECONDS) * 1_000;

/**
 * The user of the session cookie, or `null` without a valid one. Refreshes the session if it is due. Does not check `Origin`.
 * @throws HTTPException of 503 if the lookup fails
 */
export async function currentUser(request: Request, env: Bindings): Promise<CurrentUser | null> {
  const now = Date.now();
  try {
    const found = await readSessionUser(request, env, now);
    if (found === null) return null;
    const { expiresAt, role, ...user } = found;
    const isRefreshDue = expiresAt <= now + REFRESH_BEFORE_EXPIRY_MS;
    const setCookies = isRefreshDue ? await refreshSession(request, env) : [];
    return { ...user, isOperator: isOperatorRole(role), setCookies };
  } catch (error) {
    console.error({ event: 'session_lookup_failed', error: describeError(error) });
    throw new HTTPException(503, { res: problem(503, 'Sessions cannot be checked just now; try again.') });
  }
}

/** Refreshes the session with Better Auth. If that fails, as in a full database, the session is still valid. */
async function refreshSession(request: Request, env: Bindings): Promise<string[]> {
  try {
    const { api } = await getBetterAuth(env, getOrigin(request));
    const headers = new Headers({ cookie: request.headers.get('cookie') ?? '' });
    const { result, outage } = await trackOutages(() => api.getSession({ headers, returnHeaders: true }));
    if (outage === null) return result.headers.getSetCookie();
    console.error({ event: 'session_refresh_failed', reason: outage.kind });
  } catch (error) {
    console.error({ event: 'session_refresh_failed', error: describeError(error) });
  }
  return [];
}
