import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
} from 'jose';
import type { Bindings } from '../../domain/env.ts';
import { describeError } from '../../lib/log-text.ts';
import { JWT_ALGORITHM, JWT_ISSUER, jwtKeyOf, SESSION_ID_CLAIM } from './jwt-key.ts';
import { KeysUnavailable } from './issuer-keys.ts';
import { keysOf, type ExternalIssuer, getExternalIssuer } from './external-issuer.ts';
import { buildExternalUserId } from '../identity/external-user.ts';

/**
 * Signature algorithms of an external issuer: the asymmetric ones of RFC 7518 and RFC 8037. An HMAC would make anyone
 * who may verify able to sign.
 */
const EXTERNAL_ALGORITHMS = [
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

/** How far ahead an external issuer's clock may be (`nbf`). A token that has expired by our clock is void. */
const CLOCK_TOLERANCE_SECONDS = 10;

/** The latest time that a `Date` can hold, in Unix milliseconds (ECMA-262, 21.4.1.1). */
const LATEST_TIME_MS = 8.64e15;

export type JwtVerdict =
  | {
      readonly ok: true;
      readonly userId: string;
      /** Unix time in milliseconds. */ readonly expiresAt: number;
      /** The session that the token was given out for; `null` of external issuers, whose sessions are not ours. */
      readonly sessionId: string | null;
    }
  | { readonly ok: false; readonly status: 401 | 503; readonly detail: string };

/**
 * Judges a token of this deployment, or of the external issuer where one is set. Reads no database.
 * @param token of bounded length, from a stranger
 * @param now Unix time in milliseconds
 */
export async function verifyJwt(token: string, env: Bindings, now: number): Promise<JwtVerdict> {
  try {
    // Unverified: they choose whose keys must have made the token, and what is refused without any key.
    const claims = decodeJwt(token);
    if (claims.iss === JWT_ISSUER) return await verifyLocal(token, env, now);
    const external = getExternalIssuer(env);
    if (external === null || claims.iss !== external.issuer) {
      return refused('The token’s claim "iss" names no issuer that is accepted here.');
    }
    return await verifyExternalJwt(token, claims, external, now);
  } catch (error) {
    const detail = detailOf(error);
    if (detail !== null) return refused(detail);
    // Not the sender's fault: a key of the issuer or our own cannot be had or used.
    const event = error instanceof KeysUnavailable ? 'external_issuer_unusable' : 'token_check_failed';
    console.error({ event, error: describeError(error) });
    return {
      ok: false,
      status: 503,
      detail: 'Tokens of this issuer cannot be checked just now; try again.',
    };
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

async function verifyExternalJwt(
  token: string,
  claims: JWTPayload,
  external: ExternalIssuer,
  now: number,
): Promise<JwtVerdict> {
  const detail = refuseUnverified(token, claims, external, now);
  if (detail !== null) return refused(detail);
  const { payload } = await jwtVerify(token, keysOf(external, now), {
    ...claimsOf(external.issuer, external.audience, now),
    algorithms: EXTERNAL_ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  });
  const { sub } = payload;
  return accepted(payload, typeof sub === 'string' ? buildExternalUserId(external.issuer, sub) : null, null);
}

/**
 * What is wrong with a token, as far as that shows without a key: such a token causes no request to the issuer.
 * @returns `null`: nothing
 */
function refuseUnverified(
  token: string,
  claims: JWTPayload,
  { audience }: ExternalIssuer,
  now: number,
): string | null {
  const alg = algorithmOf(token);
  if (alg === undefined || !EXTERNAL_ALGORITHMS.includes(alg)) return NOT_ACCEPTED_ALG;
  if (token.endsWith('.')) return NO_SIGNATURE;
  const audiences: readonly unknown[] = [claims.aud].flat();
  if (!audiences.includes(audience)) return claimDetail('aud', claims.aud === undefined);
  if (typeof claims.exp !== 'number') return claimDetail('exp', claims.exp === undefined);
  if (expiryOf(claims) <= now) return EXPIRED;
  return typeof claims.sub === 'string' ? null : claimDetail('sub', claims.sub === undefined);
}

/** `undefined` where the header is not one. */
function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

const EXPIRED = 'The token has expired (claim "exp").';
const NOT_ACCEPTED_ALG = 'The token’s algorithm (header "alg") is not accepted.';
const NO_SIGNATURE = 'The token’s signature is not valid.';

function claimDetail(claim: string, isMissing: boolean): string {
  return isMissing
    ? `The token’s claim "${claim}" is missing.`
    : `The token’s claim "${claim}" is not accepted.`;
}

/** What is wrong with a token. @returns `null` where the token is not what is wrong */
function detailOf(error: unknown): string | null {
  if (!(error instanceof errors.JOSEError) || isFaultOfKeys(error)) return null;
  if (error instanceof errors.JWTExpired) return EXPIRED;
  if (error instanceof errors.JWTClaimValidationFailed) {
    return claimDetail(error.claim, error.reason === 'missing');
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return NOT_ACCEPTED_ALG;
  if (error instanceof errors.JWKSNoMatchingKey) {
    return 'The token’s key (header "kid") is not one of its issuer’s.';
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return 'The token’s header "kid" is missing, and its issuer has several keys.';
  }
  return error instanceof errors.JWSSignatureVerificationFailed ? NO_SIGNATURE : 'The token is not valid.';
}

/** The key set, or the key that the token names, is not what it should be. */
function isFaultOfKeys(error: errors.JOSEError): boolean {
  return error instanceof errors.JWKSInvalid || error instanceof errors.JWKInvalid;
}

function claimsOf(issuer: string, audience: string, now: number): JWTVerifyOptions {
  return { issuer, audience, requiredClaims: ['exp', 'sub'], currentDate: new Date(now) };
}

function accepted(payload: JWTPayload, userId: string | null, sessionId: string | null): JwtVerdict {
  if (userId === null) return refused('The token’s claim "sub" names no user that can have an id here.');
  return { ok: true, userId, expiresAt: expiryOf(payload), sessionId };
}

function expiryOf({ exp = 0 }: JWTPayload): number {
  return Math.min(Math.floor(exp * 1000), LATEST_TIME_MS);
}

function refused(detail: string): JwtVerdict {
  return { ok: false, status: 401, detail };
}
