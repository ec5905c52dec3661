import { calculateJwkThumbprint } from 'jose';

/** JWS algorithm of the local tokens: Ed25519 (RFC 8037). */
export const JWT_ALGORITHM = 'EdDSA';

/**
 * `iss` and `aud` of local tokens. A constant, because one deployment has several origins (workers.dev and a custom
 * domain). The signature already binds a token to the deployment's secret.
 */
export const JWT_ISSUER = 'roomkeeper';

/** The claim with the session id of a local token (OpenID Connect Front-Channel Logout 1.0, 3). */
export const SESSION_ID_CLAIM = 'sid';

/** Minimum length of the secret. The public key lets anyone test guesses of a short secret offline. */
const MIN_SECRET_CHARACTERS = 32;

/** Purpose of the derived key (RFC 5869, 3.2). Changing it invalidates every token. */
const HKDF_INFO = 'roomkeeper/jwt/ed25519/1';
const SEED_BYTES = 32;

/** The bytes of a PKCS #8 Ed25519 private key before its 32-byte seed (RFC 8410, 7). */
const PKCS8_PREFIX = Uint8Array.of(
  0x30,
  0x2e,
  0x02,
  0x01,
  0x00,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x70,
  0x04,
  0x22,
  0x04,
  0x20,
);

/** The public half as a JWK (RFC 8037). */
interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
}

/** The deployment's signing key. */
export interface JwtKey {
  /** RFC 7638 thumbprint of the public half. */
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  readonly privateJwk: PublicJwk & { readonly d: string };
  readonly publicKey: CryptoKey;
}

/** Keys by secret. One in production; a few in tests. */
const keys = new Map<string, JwtKey>();
const MAX_KEYS = 8;

/**
 * The key that signs the tokens of `GET /api/auth/token`. It is derived from the secret, so that tokens are verified
 * without a database read and no key has to be stored or rotated.
 * @throws if the secret is missing or shorter than 32 characters
 */
export async function getJwtKey(secret: string): Promise<JwtKey> {
  // Caches the key, not the promise: one request must not await a promise of another request (Workers).
  const known = keys.get(secret);
  if (known !== undefined) return known;
  const key = await deriveJwtKey(secret);
  if (keys.size >= MAX_KEYS) keys.clear();
  keys.set(secret, key);
  return key;
}

async function deriveJwtKey(secret: string): Promise<JwtKey> {
  if (typeof secret !== 'string' || secret.length < MIN_SECRET_CHARACTERS) {
    throw new Error(
      `BETTER_AUTH_SECRET is missing or too short. Set it to at least ${MIN_SECRET_CHARACTERS} random characters.`,
    );
  }
  const input = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), 'HKDF', false, [
    'deriveBits',
  ]);
  const seed = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new TextEncoder().encode(HKDF_INFO) },
    input,
    SEED_BYTES * 8,
  );
  const pkcs8 = new Uint8Array([...PKCS8_PREFIX, ...new Uint8Array(seed)]);
  const pair = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign']);
  const exported = await crypto.subtle.exportKey('jwk', pair);
  if (exported instanceof ArrayBuffer || exported.x === undefined || exported.d === undefined) {
    throw new Error('The runtime exported an Ed25519 key without "x" or "d".');
  }
  const publicJwk = { kty: 'OKP', crv: 'Ed25519', x: exported.x } as const;
  return {
    kid: await calculateJwkThumbprint(publicJwk),
    publicJwk,
    privateJwk: { ...publicJwk, d: exported.d },
    publicKey: await crypto.subtle.importKey('jwk', { ...publicJwk }, 'Ed25519', false, ['verify']),
  };
}
