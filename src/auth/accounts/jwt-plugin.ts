import { APIError } from 'better-auth/api';
import { jwt } from 'better-auth/plugins/jwt';
import { JWT_ALGORITHM, JWT_ISSUER, type JwtKey, SESSION_ID_CLAIM } from '../credentials/jwt-key.ts';
import { BANNED, isBanned } from '../identity/ban.ts';

/** Lifetime of a token of `GET /api/auth/token`. */
const JWT_LIFETIME_SECONDS = 15 * 60;

/** Better Auth's plugin for `GET /api/auth/token`, with the key that is derived from the secret. */
export function createJwtPlugin({ kid, publicJwk, privateJwk }: JwtKey) {
  const stored = {
    id: kid,
    alg: JWT_ALGORITHM,
    crv: publicJwk.crv,
    publicKey: JSON.stringify(publicJwk),
    privateKey: JSON.stringify(privateJwk),
    createdAt: new Date(0),
  } as const;
  return jwt({
    // The private key is derived in each isolate and never stored, so it is not encrypted.
    jwks: { keyPairConfig: { alg: JWT_ALGORITHM, crv: publicJwk.crv }, disablePrivateKeyEncryption: true },
    adapter: {
      getJwks: async () => [stored],
      createJwk: async () => {
        throw new Error('The signing key is derived from the secret and cannot be created.');
      },
    },
    jwt: {
      issuer: JWT_ISSUER,
      audience: JWT_ISSUER,
      expirationTime: `${JWT_LIFETIME_SECONDS}s`,
      definePayload: ({ user, session }) => {
        // A banned user must not get new tokens with an old session.
        if (isBanned(user, Date.now()))
          throw new APIError('FORBIDDEN', { code: 'BANNED_USER', message: BANNED });
        return { [SESSION_ID_CLAIM]: session.id };
      },
    },
    disableSettingJwtHeader: true,
  });
}
