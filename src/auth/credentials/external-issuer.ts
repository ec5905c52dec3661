import type { JWTVerifyGetKey } from 'jose';
import type { Bindings } from '../../domain/env.ts';
import { createKeyFinder, KeysUnavailable } from './issuer-keys.ts';

export interface ExternalIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
}

/** The external issuer of the environment; `null` unless all three `AUTH_*` variables are set. */
export function getExternalIssuer(env: Bindings): ExternalIssuer | null {
  const { AUTH_JWKS_URL: jwksUrl, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = env;
  return jwksUrl && issuer && audience ? { issuer, audience, jwksUrl } : null;
}

/**
 * A function that finds the key of a token in the issuer's key set.
 * @param now Unix milliseconds
 * @throws `KeysUnavailable` if a variable has an invalid value; the returned function, if the issuer is unreachable
 */
export function getIssuerKeys({ issuer, jwksUrl }: ExternalIssuer, now: number): JWTVerifyGetKey {
  if (issuer.includes('#')) {
    throw new KeysUnavailable(
      'AUTH_ISSUER must not contain a "#": it separates the issuer from the subject in user ids.',
    );
  }
  if (!isFetchable(jwksUrl)) {
    throw new KeysUnavailable('AUTH_JWKS_URL must be an https URL (http on this machine only).');
  }
  return createKeyFinder(jwksUrl, now);
}

/** Only https: over http, an attacker on the network could replace the keys. */
function isFetchable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
  );
}
