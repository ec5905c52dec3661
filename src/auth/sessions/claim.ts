import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import type { Bindings } from '../../domain/env.ts';
import { getCookieValue } from '../identity/session-cookie.ts';

/**
 * What a browser is given beside its session cookie: who was found to be signed in with it, signed, and bound to that very
 * cookie. It proves nothing of now: a page may begin to read by it, and gives nothing out before D1 has confirmed it.
 */
export interface Claim {
  readonly userId: string;
  readonly sessionId: string;
  readonly isOperator: boolean;
}

const COOKIE = 'rk-claim';
const SECURE_PREFIX = '__Secure-';
/** Of what is signed (RFC 5869 calls the like of it `info`): no other signature of the secret is taken for one of these. */
const PURPOSE = 'roomkeeper/claim/1';

const wireSchema = z.tuple([z.string(), z.string(), z.boolean()]);

const nameOf = (origin: string): string =>
  origin.startsWith('https://') ? `${SECURE_PREFIX}${COOKIE}` : COOKIE;

/** A `Set-Cookie` value. @param sessionCookie the value of the session's cookie, as the browser sends it */
export function claimCookie(
  env: Bindings,
  origin: string,
  { userId, sessionId, isOperator }: Claim,
  sessionCookie: string,
): string {
  const wire: z.input<typeof wireSchema> = [userId, sessionId, isOperator];
  const payload = Buffer.from(JSON.stringify(wire)).toString('base64url');
  const value = `${payload}.${signatureOf(env, payload, sessionCookie).toString('base64url')}`;
  return `${nameOf(origin)}=${value}; ${attributesAt(origin)}`;
}

/** A `Set-Cookie` value that takes it away. */
export function noClaimCookie(origin: string): string {
  return `${nameOf(origin)}=; Max-Age=0; ${attributesAt(origin)}`;
}

/** The claim among a request's cookies; `null` where there is none, or it is not ours, or of another session's cookie. */
export function readClaim(
  env: Bindings,
  origin: string,
  cookies: string,
  sessionCookie: string,
): Claim | null {
  const [payload = '', signature = ''] = (getCookieValue(cookies, nameOf(origin)) ?? '').split('.');
  const given = Buffer.from(signature, 'base64url');
  const expected = signatureOf(env, payload, sessionCookie);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const [userId, sessionId, isOperator] = wireSchema.parse(
    JSON.parse(Buffer.from(payload, 'base64url').toString()),
  );
  return { userId, sessionId, isOperator };
}

function signatureOf(env: Bindings, payload: string, sessionCookie: string): Buffer {
  const signed = JSON.stringify([PURPOSE, payload, sessionCookie]);
  return createHmac('sha256', env.BETTER_AUTH_SECRET).update(signed).digest();
}

const attributesAt = (origin: string): string =>
  `Path=/; HttpOnly; SameSite=Lax${origin.startsWith('https://') ? '; Secure' : ''}`;
