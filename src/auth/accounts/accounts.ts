import { betterAuth } from 'better-auth/minimal';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { APIError } from 'better-auth/api';
import { admin } from 'better-auth/plugins/admin';
import { bearer } from 'better-auth/plugins/bearer';
import { jwt } from 'better-auth/plugins/jwt';
import { drizzle } from 'drizzle-orm/d1';
import type { Bindings } from '../../domain/env.ts';
import type { ErasureRequester } from '../../domain/erasure-request.ts';
import { logAccounts } from './account-log.ts';
import { describeError } from '../../lib/log-text.ts';
import { BANNED, isBanned } from '../identity/ban.ts';
import {
  type JwtKey,
  JWT_ALGORITHM,
  JWT_ISSUER,
  jwtKeyOf,
  SESSION_ID_CLAIM,
} from '../credentials/jwt-key.ts';
import { lockAccount } from './lock-account.ts';
import { trustedOriginPatterns } from '../identity/origins.ts';
import { hashCountedPassword, verifyCountedPassword } from '../passwords/password-attempt.ts';
import * as schema from './schema.ts';
import {
  SESSION_COOKIE_PREFIX,
  SESSION_LIFETIME_SECONDS,
  SESSION_PROLONGED_AFTER_SECONDS,
} from '../identity/session-cookie.ts';
import { socialProvidersOf } from './social-providers.ts';
import { noticeOutage, watchedDatabase } from '../identity/watched-database.ts';

/** How long a token of `GET /api/auth/token` lives. */
const JWT_LIFETIME_SECONDS = 15 * 60;

/** Where Better Auth's routes are. */
export const ACCOUNTS_PATH = '/api/auth';

/** Better Auth's own default. */
const MIN_PASSWORD_CHARACTERS = 8;
/** Better Auth's own default: bounds the work of hashing. */
const MAX_PASSWORD_CHARACTERS = 128;
/** Longest values of an account's fields, in characters; of the e-mail address by RFC 5321, 4.5.3.1.3. */
const MAX_CHARACTERS = { name: 200, email: 254, image: 2_048 } as const;

/**
 * Routes that are switched off. Of the admin plugin: an operator runs the deployment, and reads nobody's documents; the
 * role is given by `npm run operator` alone. The callback belongs to a confirmation by e-mail, which there is not.
 */
const DISABLED_PATHS = [
  '/admin/create-user',
  '/admin/impersonate-user',
  '/admin/stop-impersonating',
  '/admin/set-role',
  '/admin/set-user-password',
  '/admin/update-user',
  '/delete-user/callback',
];

/** The header in which Cloudflare names the client; a client cannot set it. */
const CLIENT_ADDRESS_HEADER = 'cf-connecting-ip';
const LOOPBACK = new Set(['127.0.0.1', '::1']);

export type Accounts = ReturnType<typeof buildAccounts>;

/** Instances by environment and origin: building one takes longer than most requests. */
const instances = new WeakMap<Bindings, Map<string, Accounts>>();
/** A deployment answers under a handful of origins; whatever a client sends as Host must not fill the memory. */
const MAX_ORIGINS = 16;

/**
 * Better Auth for the origin that a request was sent to.
 * @throws where `BETTER_AUTH_SECRET` is missing or too short
 */
export async function accountsOf(env: Bindings, origin: string): Promise<Accounts> {
  const byOrigin = instances.get(env) ?? new Map<string, Accounts>();
  instances.set(env, byOrigin);
  const known = byOrigin.get(origin);
  if (known !== undefined) return known;

  const accounts = buildAccounts(env, origin, await jwtKeyOf(env.BETTER_AUTH_SECRET));
  // Kept only once it is ready: a promise of one request must not be awaited by another.
  await accounts.$context;
  if (byOrigin.size >= MAX_ORIGINS) byOrigin.clear();
  byOrigin.set(origin, accounts);
  return accounts;
}

function buildAccounts(env: Bindings, origin: string, key: JwtKey) {
  return betterAuth({
    appName: 'Roomkeeper',
    baseURL: origin,
    basePath: ACCOUNTS_PATH,
    secret: env.BETTER_AUTH_SECRET,
    trustedOrigins: [...trustedOriginPatterns(env)],
    database: drizzleAdapter(drizzle(watchedDatabase(env.DB), { schema }), { provider: 'sqlite', schema }),
    emailAndPassword: {
      enabled: true,
      minPasswordLength: MIN_PASSWORD_CHARACTERS,
      maxPasswordLength: MAX_PASSWORD_CHARACTERS,
      password: { hash: hashCountedPassword, verify: verifyCountedPassword },
    },
    // Before anything of the account goes; what is left of `delete-user` then finds nothing to delete.
    user: { deleteUser: { enabled: true, beforeDelete: ({ id }) => lock(env, id, 'user') } },
    databaseHooks: {
      user: {
        create: { before: refuseLongFields },
        update: { before: refuseLongFields },
        delete: { before: ({ id }, context) => eraseInstead(env, id, context?.path) },
      },
      account: { create: { before: withoutTokens } },
    },
    socialProviders: socialProvidersOf(env),
    account: {
      // Nothing is asked of a provider but who it is.
      updateAccountOnSignIn: false,
      // An address that nobody has proven to be his, here or there, joins no accounts.
      accountLinking: { enabled: true, requireLocalEmailVerified: true, allowDifferentEmails: false },
    },
    session: { expiresIn: SESSION_LIFETIME_SECONDS, updateAge: SESSION_PROLONGED_AFTER_SECONDS },
    plugins: [bearer(), jwtPlugin(key), admin()],
    advanced: {
      cookiePrefix: SESSION_COOKIE_PREFIX,
      useSecureCookies: origin.startsWith('https://'),
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax' },
      // Said outright, since Better Auth drops both checks where it believes to be under test.
      disableCSRFCheck: false,
      disableOriginCheck: false,
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS_HEADER] },
      database: {
        // One query for a session with its user, in place of two.
        joins: true,
        // The tables are checked by a test, not by each isolate.
        validateSchema: false,
      },
    },
    rateLimit: {
      enabled: true,
      storage: 'memory',
      // Counted in the isolate, by address, at Better Auth's own limits (3 sign-ins in 10 s): it slows guessing down.
      // Requests of this machine are not counted; behind Cloudflare there are none.
      customRules: { '/**': (request, rule) => (isLocal(request) ? false : rule) },
    },
    disabledPaths: DISABLED_PATHS,
    telemetry: { enabled: false },
    logger: { level: 'error', log: logAccounts },
    // Thrown to accounts-handler.ts, which logs them without parameters.
    // Where a provider leads back with what cannot be.
    onAPIError: { throw: true, errorURL: '/sign-in' },
  });
}

function jwtPlugin({ kid, publicJwk, privateJwk }: JwtKey) {
  const stored = {
    id: kid,
    alg: JWT_ALGORITHM,
    crv: publicJwk.crv,
    publicKey: JSON.stringify(publicJwk),
    privateKey: JSON.stringify(privateJwk),
    createdAt: new Date(0),
  } as const;
  return jwt({
    // Derived anew in each isolate, never stored: nothing to encrypt.
    jwks: { keyPairConfig: { alg: JWT_ALGORITHM, crv: publicJwk.crv }, disablePrivateKeyEncryption: true },
    adapter: {
      getJwks: async () => [stored],
      createJwk: async () => {
        throw new Error('The signing key is derived from the secret; none is ever created.');
      },
    },
    jwt: {
      issuer: JWT_ISSUER,
      audience: JWT_ISSUER,
      expirationTime: `${JWT_LIFETIME_SECONDS}s`,
      definePayload: ({ user, session }) => {
        // A ban must not be outlived by fetching new tokens with an old session.
        if (isBanned(user, Date.now()))
          throw new APIError('FORBIDDEN', { code: 'BANNED_USER', message: BANNED });
        return { [SESSION_ID_CLAIM]: session.id };
      },
    },
    disableSettingJwtHeader: true,
  });
}

/** An account goes when its rooms are gone, and not before: whoever deletes it asks for its erasure. */
async function eraseInstead(env: Bindings, userId: string, path: string | undefined): Promise<false> {
  await lock(env, userId, path?.startsWith('/admin/') === true ? 'operator' : 'user');
  return false;
}

async function lock(env: Bindings, userId: string, by: ErasureRequester): Promise<void> {
  try {
    await lockAccount(env.DB, userId, by);
  } catch (error) {
    console.error({ event: 'erasure not requested', error: describeError(error) });
    noticeOutage(error);
    throw new APIError('SERVICE_UNAVAILABLE');
  }
}

/** A provider's tokens open his user's things over there; nothing here needs them. */
async function withoutTokens<Account extends object>(account: Account) {
  return { data: { ...account, accessToken: null, refreshToken: null, idToken: null } };
}

async function refuseLongFields(user: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [field, bound] of Object.entries(MAX_CHARACTERS)) {
    const value = user[field];
    if (typeof value === 'string' && value.length > bound) {
      throw new APIError('BAD_REQUEST', {
        code: `${field.toUpperCase()}_TOO_LONG`,
        message: `The ${field} may have at most ${bound} characters.`,
      });
    }
  }
}

function isLocal(request: Request): boolean {
  const address = request.headers.get(CLIENT_ADDRESS_HEADER);
  return address === null || LOOPBACK.has(address);
}
