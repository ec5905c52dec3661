import { calculateJwkThumbprint } from 'jose';

/** JWS algorithm of the local tokens: Ed25519 (RFC 8037). */
export const JWT_ALGORITHM = 'EdDSA';

/**
 * `iss` and `aud` of local tokens. A constant, not the origin: one deployment answers under several names
 * (localhost and 127.0.0.1, workers.dev and a custom domain), and only its own secret makes its tokens.
 */
export const JWT_ISSUER = 'roomkeeper';

/**
 * The claim of local tokens that names the session they were given out for (OpenID Connect Front-Channel Logout 1.0, 3).
 */
export const SESSION_ID_CLAIM = 'sid';

/** Shortest secret that a key is derived from, in characters: what the key set publishes lets anyone test guesses. */
const MIN_SECRET_CHARACTERS = 32;

/** Names the use of the derived key (RFC 5869, 3.2). Changing it voids every token. */
const HKDF_INFO = 'roomkeeper/jwt/ed25519/1';
const SEED_BYTES = 32;

/** A PKCS #8 private key of Ed25519 up to its 32-byte seed (RFC 8410, 7). */
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
 * The key that signs the tokens of `GET /api/auth/token`, derived from the secret: every isolate knows it without
 * asking the database, so tokens are verified without a read, and there is no stored key to steal or to rotate apart
 * from the secret.
 * @throws where the secret is missing or shorter than 32 characters
 */
export async function jwtKeyOf(secret: string): Promise<JwtKey> {
  // The key is kept, not the promise: a promise of one request must not be awaited by another.
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
      `BETTER_AUTH_SECRET must be set, to at least ${MIN_SECRET_CHARACTERS} random characters.`,
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
    throw new Error('The runtime exported an Ed25519 key without its halves.');
  }
  const publicJwk = { kty: 'OKP', crv: 'Ed25519', x: exported.x } as const;
  return {
    kid: await calculateJwkThumbprint(publicJwk),
    publicJwk,
    privateJwk: { ...publicJwk, d: exported.d },
    publicKey: await crypto.subtle.importKey('jwk', { ...publicJwk }, 'Ed25519', false, ['verify']),
  };
}
