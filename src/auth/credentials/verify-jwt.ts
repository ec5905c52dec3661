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
import { JWT_ALGORITHM, JWT_ISSUER, getJwtKey, SESSION_ID_CLAIM } from './jwt-key.ts';
import { KeysUnavailable } from './issuer-keys.ts';
import { getIssuerKeys, type ExternalIssuer, getExternalIssuer } from './external-issuer.ts';
import { buildExternalUserId } from '../identity/external-user.ts';

/**
 * Signature algorithms accepted from an external issuer: the asymmetric ones of RFC 7518 and RFC 8037. With an HMAC, a
 * verifier could also sign.
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

/** How far ahead an external issuer's clock may be (`nbf`). No tolerance applies to `exp`. */
const CLOCK_TOLERANCE_SECONDS = 10;

/** The latest time that a `Date` can hold, in Unix milliseconds (ECMA-262, 21.4.1.1). */
const LATEST_TIME_MS = 8.64e15;

export type JwtVerdict =
  | {
      readonly ok: true;
      readonly userId: string;
      /** Unix time in milliseconds. */ readonly expiresAt: number;
      /** The session of a local token; `null` for an external issuer. */
      readonly sessionId: string | null;
    }
  | { readonly ok: false; readonly status: 401 | 503; readonly detail: string };

/**
 * Verifies a token of this deployment or of the configured external issuer. Does not read the database.
 * @param token untrusted, of bounded length
 * @param now Unix time in milliseconds
 */
export async function verifyJwt(token: string, env: Bindings, now: number): Promise<JwtVerdict> {
  try {
    // Not verified yet: they only select the issuer's keys and allow early refusals.
    const claims = decodeJwt(token);
    if (claims.iss === JWT_ISSUER) return await verifyLocal(token, env, now);
    const external = getExternalIssuer(env);
    if (external === null || claims.iss !== external.issuer) {
      return refused('The token’s issuer (claim "iss") is not accepted.');
    }
    return await verifyExternalJwt(token, claims, external, now);
  } catch (error) {
    const detail = getRefusalDetail(error);
    if (detail !== null) return refused(detail);
    // The key is unavailable or unusable, so the token cannot be judged.
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
  const { publicKey } = await getJwtKey(env.BETTER_AUTH_SECRET);
  const { payload } = await jwtVerify(token, publicKey, {
    ...getVerifyOptions(JWT_ISSUER, JWT_ISSUER, now),
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
  const { payload } = await jwtVerify(token, getIssuerKeys(external, now), {
    ...getVerifyOptions(external.issuer, external.audience, now),
    algorithms: EXTERNAL_ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  });
  const { sub } = payload;
  return accepted(payload, typeof sub === 'string' ? buildExternalUserId(external.issuer, sub) : null, null);
}

/**
 * Checks all that needs no key, so that a token which fails here causes no request to the issuer.
 * @returns the reason of the refusal, or `null`
 */
function refuseUnverified(
  token: string,
  claims: JWTPayload,
  { audience }: ExternalIssuer,
  now: number,
): string | null {
  const alg = readAlgorithm(token);
  if (alg === undefined || !EXTERNAL_ALGORITHMS.includes(alg)) return NOT_ACCEPTED_ALG;
  if (token.endsWith('.')) return NO_SIGNATURE;
  const audiences: readonly unknown[] = [claims.aud].flat();
  if (!audiences.includes(audience)) return claimDetail('aud', claims.aud === undefined);
  if (typeof claims.exp !== 'number') return claimDetail('exp', claims.exp === undefined);
  if (getExpiryMs(claims) <= now) return EXPIRED;
  return typeof claims.sub === 'string' ? null : claimDetail('sub', claims.sub === undefined);
}

/** @returns `undefined` if the header is malformed */
function readAlgorithm(token: string): string | undefined {
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

/** @returns the reason of the refusal, or `null` if the error is not caused by the token */
function getRefusalDetail(error: unknown): string | null {
  if (!(error instanceof errors.JOSEError) || isKeyError(error)) return null;
  if (error instanceof errors.JWTExpired) return EXPIRED;
  if (error instanceof errors.JWTClaimValidationFailed) {
    return claimDetail(error.claim, error.reason === 'missing');
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return NOT_ACCEPTED_ALG;
  if (error instanceof errors.JWKSNoMatchingKey) {
    return 'The token’s key (header "kid") is not in the issuer’s key set.';
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return 'The token’s header "kid" is missing, and its issuer has several keys.';
  }
  return error instanceof errors.JWSSignatureVerificationFailed ? NO_SIGNATURE : 'The token is not valid.';
}

/** Whether the issuer's key set or the named key is invalid. */
function isKeyError(error: errors.JOSEError): boolean {
  return error instanceof errors.JWKSInvalid || error instanceof errors.JWKInvalid;
}

function getVerifyOptions(issuer: string, audience: string, now: number): JWTVerifyOptions {
  return { issuer, audience, requiredClaims: ['exp', 'sub'], currentDate: new Date(now) };
}

function accepted(payload: JWTPayload, userId: string | null, sessionId: string | null): JwtVerdict {
  if (userId === null) return refused('The token’s claim "sub" is empty, too long or not valid text.');
  return { ok: true, userId, expiresAt: getExpiryMs(payload), sessionId };
}

function getExpiryMs({ exp = 0 }: JWTPayload): number {
  return Math.min(Math.floor(exp * 1000), LATEST_TIME_MS);
}

function refused(detail: string): JwtVerdict {
  return { ok: false, status: 401, detail };
}
