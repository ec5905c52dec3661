import { decodeJwt, errors, type JWTPayload, jwtVerify, type JWTVerifyOptions } from 'jose';
import type { Bindings } from '../env.ts';
import { describe } from './account-log.ts';
import { JWT_ALGORITHM, JWT_ISSUER, jwtKeyOf, SESSION_ID_CLAIM } from './jwt-key.ts';
import { keysOf, KeysUnavailable, type OutsideIssuer, outsideIssuerOf } from './outside-issuer.ts';
import { outsideUserId } from './outside-user.ts';

/**
 * Signature algorithms of an outside issuer: the asymmetric ones of RFC 7518 and RFC 8037. An HMAC would make anyone
 * who may verify able to sign.
 */
const OUTSIDE_ALGORITHMS = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
];

/** How far ahead an outside issuer's clock may be (`nbf`). A token that has expired by our clock is void. */
const CLOCK_TOLERANCE_SECONDS = 10;

/** The latest time that a `Date` can hold, in Unix milliseconds (ECMA-262, 21.4.1.1). */
const LATEST_TIME_MS = 8.64e15;

export type JwtVerdict =
  | {
      readonly ok: true;
      readonly userId: string;
      /** Unix time in milliseconds. */ readonly expiresAt: number;
      /** The session that the token was given out for; `null` of outside issuers, whose sessions are not ours. */
      readonly sessionId: string | null;
    }
  | { readonly ok: false; readonly status: 401 | 503; readonly detail: string };

/**
 * Judges a token of this deployment, or of the outside issuer where one is set. Reads no database.
 * @param token of bounded length, from a stranger
 * @param now Unix time in milliseconds
 */
export async function verifyJwt(token: string, env: Bindings, now: number): Promise<JwtVerdict> {
  try {
    // Unverified, and used for nothing but to choose whose keys must have made the token.
    const { iss } = decodeJwt(token);
    if (iss === JWT_ISSUER) return await verifyLocal(token, env, now);
    const outside = outsideIssuerOf(env);
    if (outside !== null && iss === outside.issuer) return await verifyOutside(token, outside, now);
    return refused('The token is of an issuer that is not accepted here.');
  } catch (error) {
    if (error instanceof KeysUnavailable) {
      console.error({ event: 'outside issuer unusable', error: describe(error) });
      return {
        ok: false,
        status: 503,
        detail: 'Tokens of this issuer cannot be checked just now; try again.',
      };
    }
    if (error instanceof errors.JWTExpired) return refused('The token has expired.');
    if (error instanceof errors.JOSEError) return refused('The token is not valid.');
    // What Web Crypto throws of an unusable key or a signature of impossible form.
    console.warn({ event: 'token could not be checked', error: describe(error) });
    return refused('The token is not valid.');
  }
}

async function verifyLocal(token: string, env: Bindings, now: number): Promise<JwtVerdict> {
  const { publicKey } = await jwtKeyOf(env.BETTER_AUTH_SECRET);
  const { payload } = await jwtVerify(token, publicKey, {
    ...claimsOf(JWT_ISSUER, JWT_ISSUER, now),
    algorithms: [JWT_ALGORITHM],
  });
  const sessionId = payload[SESSION_ID_CLAIM];
  return accepted(payload, payload.sub ?? null, typeof sessionId === 'string' ? sessionId : null);
}

async function verifyOutside(token: string, outside: OutsideIssuer, now: number): Promise<JwtVerdict> {
  const { payload } = await jwtVerify(token, keysOf(outside), {
    ...claimsOf(outside.issuer, outside.audience, now),
    algorithms: OUTSIDE_ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  });
  if (expiryOf(payload) <= now) return refused('The token has expired.');
  const { sub } = payload;
  return accepted(payload, typeof sub === 'string' ? outsideUserId(outside.issuer, sub) : null, null);
}

function claimsOf(issuer: string, audience: string, now: number): JWTVerifyOptions {
  return { issuer, audience, requiredClaims: ['exp', 'sub'], currentDate: new Date(now) };
}

function accepted(payload: JWTPayload, userId: string | null, sessionId: string | null): JwtVerdict {
  if (userId === null) return refused('The token names no user that can have an id here.');
  return { ok: true, userId, expiresAt: expiryOf(payload), sessionId };
}

function expiryOf({ exp = 0 }: JWTPayload): number {
  return Math.min(Math.floor(exp * 1000), LATEST_TIME_MS);
}

function refused(detail: string): JwtVerdict {
  return { ok: false, status: 401, detail };
}
