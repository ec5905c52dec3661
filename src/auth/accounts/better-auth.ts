import { betterAuth } from 'better-auth/minimal';
import type { BetterAuthOptions } from 'better-auth/types';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { APIError } from 'better-auth/api';
import { admin } from 'better-auth/plugins/admin';
import { bearer } from 'better-auth/plugins/bearer';
import { drizzle } from 'drizzle-orm/d1';
import type { Bindings } from '../../domain/env.ts';
import type { ErasureRequester } from '../../domain/erasure-request.ts';
import { logAccounts } from './account-log.ts';
import { describeError } from '../../lib/log-text.ts';
import { getJwtKey, type JwtKey } from '../credentials/jwt-key.ts';
import { createJwtPlugin } from './jwt-plugin.ts';
import { lockAccount } from './lock-account.ts';
import { getTrustedOriginPatterns } from '../identity/origins.ts';
import { hashCountedPassword, verifyCountedPassword } from '../passwords/password-attempt.ts';
import * as schema from './schema.ts';
import {
  SESSION_COOKIE_PREFIX,
  SESSION_LIFETIME_SECONDS,
  SESSION_REFRESH_AGE_SECONDS,
} from '../identity/session-cookie.ts';
import { getSocialProviders } from './providers/social-providers.ts';
import { recordOutage, wrapDatabase } from '../identity/outage-tracking.ts';

/** Base path of Better Auth's routes. */
export const ACCOUNTS_PATH = '/api/auth';

/** Better Auth's default. */
const MIN_PASSWORD_CHARACTERS = 8;
/** Better Auth's default; limits the cost of hashing. */
const MAX_PASSWORD_CHARACTERS = 128;
/** Maximum lengths of an account's fields. Source for `email`: RFC 5321, 4.5.3.1.3. */
const MAX_CHARACTERS = { name: 200, email: 254, image: 2_048 } as const;

/**
 * Disabled routes. Operators must not read users' documents, so they cannot impersonate users; only `npm run operator`
 * grants the role. The callback belongs to a confirmation by e-mail, which is not offered.
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

/** Set by Cloudflare; clients cannot set it. */
const CLIENT_ADDRESS_HEADER = 'cf-connecting-ip';
const LOOPBACK = new Set(['127.0.0.1', '::1']);

/** Per isolate and address, with Better Auth's default limits (3 sign-ins in 10 s). */
const RATE_LIMIT: BetterAuthOptions['rateLimit'] = {
  enabled: true,
  storage: 'memory',
  // Requests of this machine are not counted; they do not exist behind Cloudflare.
  customRules: { '/**': (request, rule) => (isLocal(request) ? false : rule) },
};

export type Accounts = ReturnType<typeof createBetterAuth>;

/** Instances by environment and origin: creating one takes longer than most requests. */
const instances = new WeakMap<Bindings, Map<string, Accounts>>();
/** A deployment has few origins; `Host` headers of clients must not fill the memory. */
const MAX_ORIGINS = 16;

/**
 * The Better Auth instance for the origin of a request.
 * @throws if `BETTER_AUTH_SECRET` is missing or too short
 */
export async function getBetterAuth(env: Bindings, origin: string): Promise<Accounts> {
  const byOrigin = instances.get(env) ?? new Map<string, Accounts>();
  instances.set(env, byOrigin);
  const known = byOrigin.get(origin);
  if (known !== undefined) return known;

  const accounts = createBetterAuth(env, origin, await getJwtKey(env.BETTER_AUTH_SECRET));
  // Cached only when it is ready: one request must not await a promise of another request (Workers).
  await accounts.$context;
  if (byOrigin.size >= MAX_ORIGINS) byOrigin.clear();
  byOrigin.set(origin, accounts);
  return accounts;
}

function createBetterAuth(env: Bindings, origin: string, key: JwtKey) {
  return betterAuth({
    appName: 'Roomkeeper',
    baseURL: origin,
    basePath: ACCOUNTS_PATH,
    secret: env.BETTER_AUTH_SECRET,
    trustedOrigins: [...getTrustedOriginPatterns(env)],
    database: drizzleAdapter(drizzle(wrapDatabase(env.DB), { schema }), { provider: 'sqlite', schema }),
    emailAndPassword: {
      enabled: true,
      minPasswordLength: MIN_PASSWORD_CHARACTERS,
      maxPasswordLength: MAX_PASSWORD_CHARACTERS,
      password: { hash: hashCountedPassword, verify: verifyCountedPassword },
    },
    // Runs before Better Auth deletes anything. Its own deletion then finds nothing.
    user: { deleteUser: { enabled: true, beforeDelete: ({ id }) => lock(env, id, 'user') } },
    databaseHooks: {
      user: {
        create: { before: refuseLongFields },
        update: { before: refuseLongFields },
        delete: { before: ({ id }, context) => eraseInstead(env, id, context?.path) },
      },
      account: { create: { before: withoutTokens } },
    },
    socialProviders: getSocialProviders(env),
    account: {
      // Providers are used for identification only.
      updateAccountOnSignIn: false,
      // An unverified e-mail address must not link accounts.
      accountLinking: { enabled: true, requireLocalEmailVerified: true, allowDifferentEmails: false },
    },
    session: { expiresIn: SESSION_LIFETIME_SECONDS, updateAge: SESSION_REFRESH_AGE_SECONDS },
    plugins: [bearer(), createJwtPlugin(key), admin()],
    advanced: {
      cookiePrefix: SESSION_COOKIE_PREFIX,
      useSecureCookies: origin.startsWith('https://'),
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax' },
      // Explicit, because Better Auth disables both checks when it detects a test environment.
      disableCSRFCheck: false,
      disableOriginCheck: false,
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS_HEADER] },
      database: {
        // Reads a session and its user with one query.
        joins: true,
        // A test checks the tables, so isolates do not have to.
        validateSchema: false,
      },
    },
    rateLimit: RATE_LIMIT,
    disabledPaths: DISABLED_PATHS,
    telemetry: { enabled: false },
    logger: { level: 'error', log: logAccounts },
    // call-accounts.ts catches the errors and logs them without parameters. `errorURL` is for failed provider callbacks.
    onAPIError: { throw: true, errorURL: '/sign-in' },
  });
}

/** Deleting a user requests an erasure instead: the row of `user` must stay until all rooms are deleted. */
async function eraseInstead(env: Bindings, userId: string, path: string | undefined): Promise<false> {
  await lock(env, userId, path?.startsWith('/admin/') === true ? 'operator' : 'user');
  return false;
}

async function lock(env: Bindings, userId: string, by: ErasureRequester): Promise<void> {
  try {
    await lockAccount(env.DB, userId, by);
  } catch (error) {
    console.error({ event: 'erasure_request_failed', error: describeError(error) });
    recordOutage(error);
    throw new APIError('SERVICE_UNAVAILABLE');
  }
}

/** Drops the tokens of a provider: nothing uses them, and they grant access to the user's data there. */
async function withoutTokens<Account extends object>(account: Account) {
  return { data: { ...account, accessToken: null, refreshToken: null, idToken: null } };
}

async function refuseLongFields(user: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [field, max] of Object.entries(MAX_CHARACTERS)) {
    const value = user[field];
    if (typeof value === 'string' && value.length > max) {
      throw new APIError('BAD_REQUEST', {
        code: `${field.toUpperCase()}_TOO_LONG`,
        message: `The ${field} may have at most ${max} characters.`,
      });
    }
  }
}

function isLocal(request: Request): boolean {
  const address = request.headers.get(CLIENT_ADDRESS_HEADER);
  return address === null || LOOPBACK.has(address);
}
