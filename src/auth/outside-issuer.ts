import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Bindings } from '../env.ts';

/** How long the issuer's key set may take to arrive. */
const JWKS_TIMEOUT_MS = 3_000;
/** How long after a fetch no token with an unknown `kid` causes another one. */
const JWKS_COOLDOWN_MS = 30_000;
/** How long a key set is trusted, and so how long a key lives on that its issuer withdrew. */
const JWKS_MAX_AGE_MS = 10 * 60_000;

/** The issuer's key set could not be had: no token of it can be judged now. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export interface OutsideIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
}

/** Key sets by URL, so that they are fetched once an isolate. */
const keySets = new Map<string, JWTVerifyGetKey>();
const MAX_KEY_SETS = 8;

/** The outside issuer that the environment names, `null` where not all three `AUTH_*` variables are set. */
export function outsideIssuerOf(env: Bindings): OutsideIssuer | null {
  const { AUTH_JWKS_URL: jwksUrl, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = env;
  return jwksUrl && issuer && audience ? { issuer, audience, jwksUrl } : null;
}

/**
 * Finds the key that a token of the issuer names.
 * @throws `KeysUnavailable`, at once where the variables are set to what cannot work, and later where the issuer
 *   cannot be asked
 */
export function keysOf({ issuer, jwksUrl }: OutsideIssuer): JWTVerifyGetKey {
  if (issuer.includes('#')) {
    throw new KeysUnavailable(
      'AUTH_ISSUER must not contain a "#": it parts the issuer from the user in ids.',
    );
  }
  if (!isFetchable(jwksUrl)) {
    throw new KeysUnavailable('AUTH_JWKS_URL must be an https URL (http on this machine only).');
  }
  return keySetOf(jwksUrl);
}

function keySetOf(url: string): JWTVerifyGetKey {
  const known = keySets.get(url);
  if (known !== undefined) return known;
  const remote = createRemoteJWKSet(new URL(url), {
    timeoutDuration: JWKS_TIMEOUT_MS,
    cooldownDuration: JWKS_COOLDOWN_MS,
    cacheMaxAge: JWKS_MAX_AGE_MS,
  });
  const keyOf: JWTVerifyGetKey = async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (isTokensFault(error)) throw error;
      throw new KeysUnavailable('The key set of the outside issuer could not be read.', { cause: error });
    }
  };
  if (keySets.size >= MAX_KEY_SETS) keySets.clear();
  keySets.set(url, keyOf);
  return keyOf;
}

/** Whether the key set was there and had no one key for the token. */
function isTokensFault(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/** Over plain http anyone on the way could put in a key of his own. */
function isFetchable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
  );
}
