import { createHash, timingSafeEqual } from 'node:crypto';
import type { Bindings, Principal } from '../../domain/env.ts';
import { getBearerSubprotocol, isUpgrade } from '../../lib/refusals/refuse-upgrade.ts';
import { BANNED } from '../identity/ban.ts';
import { getOrigin, isSameOrigin } from '../../lib/origin.ts';
import { getSessionCookieName, getCookieValue } from '../identity/session-cookie.ts';
import { findSessionByBearer, findSessionByCookie, type SessionVerdict } from './session-credential.ts';
import { verifyJwt } from './verify-jwt.ts';

/** Longest accepted token, in characters. */
const MAX_TOKEN_CHARACTERS = 8 * 1024;
/** A longer `Cookie` header is ignored, in characters. */
const MAX_COOKIE_CHARACTERS = 16 * 1024;

/** Maximum remaining lifetime of a token in a URL: URLs end up in logs and browser histories. */
const MAX_QUERY_TOKEN_LIFE_MS = 60 * 60_000;

/** RFC 6750, 2.1, and the `%` of an encoded cookie value. */
const BEARER = /^Bearer +([\w\-.~+/%]+=*)$/i;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** `detail` has at most 123 bytes, so that it also fits in a WebSocket close frame (RFC 6455, 5.5). */
export type CredentialVerdict =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly status: 401 | 403 | 503; readonly detail: string };

const SESSION_REFUSALS: Record<Exclude<SessionVerdict['kind'], 'valid'>, CredentialVerdict> = {
  none: refused(401, 'The session is unknown or has ended; sign in again.'),
  banned: refused(403, BANNED),
  unavailable: refused(503, 'Sessions cannot be checked just now; try again.'),
};

/**
 * Identifies the sender of a request. The first credential in this order counts:
 *
 * 1. `Authorization: Bearer` with the operator token, a JWT or a session token. An invalid one is refused.
 * 2. The session cookie; for upgrades and unsafe methods only with an `Origin` equal to the origin of the URL.
 * 3. For upgrades: a JWT in the subprotocol `bearer.<jwt>`, or a short-lived JWT in `?token=<jwt>`. It also counts if the
 *    cookie is not usable, because browsers send cookies automatically.
 *
 * Never throws for malformed input. Reads D1 for sessions, never for JWTs.
 */
export async function authenticateRequest(
  request: Request,
  env: Bindings,
  now: number = Date.now(),
): Promise<CredentialVerdict> {
  const authorization = request.headers.get('authorization');
  if (authorization !== null) return byAuthorization(authorization, env, now);

  const cookie = await byCookie(request, env, now);
  if (cookie?.ok === true) return cookie;
  const token = isUpgrade(request) ? await byUpgradeToken(request, env, now) : null;
  return token ?? cookie ?? refused(401, 'Sign in, or send a bearer token.');
}

async function byAuthorization(
  authorization: string,
  env: Bindings,
  now: number,
): Promise<CredentialVerdict> {
  if (authorization.length > MAX_TOKEN_CHARACTERS) return refused(401, 'The token is too long.');
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) return refused(401, 'The Authorization header must be "Bearer" and a token.');
  if (isOperatorToken(token, env)) {
    return { ok: true, principal: { userId: null, expiresAt: null, sessionId: null, via: 'operator-token' } };
  }
  if (JWT.test(token)) return byJwt(token, env, now);
  return bySession(await findSessionByBearer(env, token, now));
}

/** @returns `null` if the request has no session cookie */
async function byCookie(request: Request, env: Bindings, now: number): Promise<CredentialVerdict | null> {
  const cookies = request.headers.get('cookie');
  if (cookies === null || cookies.length > MAX_COOKIE_CHARACTERS) return null;
  const cookie = getCookieValue(cookies, getSessionCookieName(getOrigin(request)));
  if (cookie === null) return null;
  const requiresSameOrigin = isUpgrade(request) || !SAFE_METHODS.has(request.method);
  if (requiresSameOrigin && !isSameOrigin(request)) {
    return refused(403, 'The session cookie is accepted only from pages of this origin; use a bearer token.');
  }
  return bySession(await findSessionByCookie(env, cookie, now));
}

/** @returns `null` if the upgrade has no token */
async function byUpgradeToken(
  request: Request,
  env: Bindings,
  now: number,
): Promise<CredentialVerdict | null> {
  const subprotocol = getBearerSubprotocol(request);
  if (subprotocol !== null) return byJwt(subprotocol, env, now);
  const query = new URL(request.url).searchParams.get('token');
  if (query === null) return null;
  const verdict = await byJwt(query, env, now);
  if (verdict.ok && (verdict.principal.expiresAt ?? Infinity) - now > MAX_QUERY_TOKEN_LIFE_MS) {
    return refused(401, 'The token lives too long for a URL; use the subprotocol "bearer.<jwt>".');
  }
  return verdict;
}

async function byJwt(token: string, env: Bindings, now: number): Promise<CredentialVerdict> {
  if (token.length > MAX_TOKEN_CHARACTERS) return refused(401, 'The token is too long.');
  if (!JWT.test(token)) return refused(401, 'A token in the subprotocol or the URL must be a JWT.');
  const verdict = await verifyJwt(token, env, now);
  if (!verdict.ok) return verdict;
  const { userId, expiresAt, sessionId } = verdict;
  return { ok: true, principal: { userId, expiresAt, sessionId, via: 'jwt' } };
}

function bySession(session: SessionVerdict): CredentialVerdict {
  if (session.kind !== 'valid') return SESSION_REFUSALS[session.kind];
  const { userId, expiresAt, sessionId } = session;
  return { ok: true, principal: { userId, expiresAt, sessionId, via: 'session' } };
}

/** Compares digests in constant time, so that the duration reveals nothing about the token. */
function isOperatorToken(token: string, env: Bindings): boolean {
  if (!env.OPERATOR_TOKEN) return false;
  return timingSafeEqual(sha256(token), sha256(env.OPERATOR_TOKEN));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refused(status: 401 | 403 | 503, detail: string): CredentialVerdict {
  return { ok: false, status, detail };
}
