import type { JWTVerifyGetKey } from 'jose';
import type { Bindings } from '../../domain/env.ts';
import { issuerKeys, KeysUnavailable } from './issuer-keys.ts';

export interface ExternalIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
}

/** The external issuer that the environment names, `null` where not all three `AUTH_*` variables are set. */
export function getExternalIssuer(env: Bindings): ExternalIssuer | null {
  const { AUTH_JWKS_URL: jwksUrl, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = env;
  return jwksUrl && issuer && audience ? { issuer, audience, jwksUrl } : null;
}

/**
 * Finds the key that a token of the issuer names.
 * @param now Unix milliseconds
 * @throws `KeysUnavailable`, at once where the variables are set to what cannot work, and later where the issuer
 *   cannot be asked
 */
export function keysOf({ issuer, jwksUrl }: ExternalIssuer, now: number): JWTVerifyGetKey {
  if (issuer.includes('#')) {
    throw new KeysUnavailable(
      'AUTH_ISSUER must not contain a "#": it parts the issuer from the user in ids.',
    );
  }
  if (!isFetchable(jwksUrl)) {
    throw new KeysUnavailable('AUTH_JWKS_URL must be an https URL (http on this machine only).');
  }
  return issuerKeys(jwksUrl, now);
}

/** Over plain http anyone on the way could put in a key of his own. */
function isFetchable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
  );
}
