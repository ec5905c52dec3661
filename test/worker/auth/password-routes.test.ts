import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { getBetterAuth } from '../../../src/auth/accounts/better-auth.ts';
import { hashPassword } from '../../../src/auth/passwords/password.ts';
import {
  hashCountedPassword,
  verifyCountedPassword,
  withPasswordAttempts,
} from '../../../src/auth/passwords/password-attempt.ts';
import { call, ORIGIN, postJson } from '../support/auth-app.ts';
import { createEmail, PASSWORD, signUpUser, type TestUser } from '../support/auth-users.ts';

const MAX_OF_ACCOUNT = 10;
const WRONG = 'not the password';

/** Fields of a request that gives `password`. */
type Form = (user: TestUser, password: string) => Readonly<Record<string, unknown>>;

/** Routes of Better Auth that verify a password that is stored. */
const VERIFYING: Readonly<Record<string, Form>> = {
  '/sign-in/email': ({ email }, password) => ({ email, password }),
  '/verify-password': (_user, password) => ({ password }),
  '/change-password': (_user, password) => ({ currentPassword: password, newPassword: 'another password' }),
  '/delete-user': (_user, password) => ({ password }),
};

/** Routes that take a password and verify none. */
const SETTING: Readonly<Record<string, string>> = {
  '/sign-up/email': 'of a new account',
  '/reset-password': 'by a link in a mail, and no mail is sent',
  '/admin/create-user': 'switched off',
  '/admin/set-user-password': 'switched off',
};

const serverOnly = z.object({ metadata: z.object({ SERVER_ONLY: z.literal(true) }) });

/** The paths that Better Auth's router has and whose bodies have a field for a password, at any depth. */
async function passwordPaths(): Promise<string[]> {
  const endpoints: readonly { readonly path?: string; readonly options?: object }[] = Object.values(
    (await getBetterAuth(env, ORIGIN)).api,
  );
  return endpoints
    .filter(({ options }) => !serverOnly.safeParse(options).success && takesPassword(options))
    .flatMap(({ path }) => (path === undefined ? [] : [path]));
}

function takesPassword(options: object = {}): boolean {
  if (!('body' in options) || !(options.body instanceof z.core.$ZodType)) return false;
  const schema = JSON.stringify(z.toJSONSchema(options.body, { unrepresentable: 'any', io: 'input' }));
  return /"\w*password\w*":/i.test(schema);
}

function give(path: string, user: TestUser, password: string): Promise<Response> {
  const form = VERIFYING[path]?.(user, password);
  return postJson(`/api/auth${path}`, form, { cookie: user.cookie, origin: ORIGIN });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('routes that take a password', () => {
  test('are all listed here', async () => {
    expect((await passwordPaths()).toSorted()).toEqual(
      [...Object.keys(VERIFYING), ...Object.keys(SETTING)].toSorted(),
    );
  });

  test.each(Object.keys(VERIFYING))(
    '%s verifies ten wrong ones, and then not even the right one',
    async (path) => {
      const user = await signUpUser();
      for (let attempt = 0; attempt < MAX_OF_ACCOUNT; attempt += 1) {
        expect([400, 401]).toContain((await give(path, user, WRONG)).status);
      }
      for (const password of [WRONG, PASSWORD]) {
        const refused = await give(path, user, password);
        expect(refused.status).toBe(429);
        expect(refused.headers.get('content-type')).toBe('application/problem+json');
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(14 * 60);
        expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_FAILURES' });
      }
      expect((await call('/whoami', { headers: { cookie: user.cookie } })).status).toBe(200);
    },
  );

  test.each(Object.keys(VERIFYING))('%s verifies ten of sixty concurrent passwords', async (path) => {
    const user = await signUpUser();
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async () => (await give(path, user, WRONG)).status),
    );
    expect(statuses.filter((status) => status !== 429)).toHaveLength(MAX_OF_ACCOUNT);
    expect((await give(path, user, PASSWORD)).status).toBe(429);
  });

  test('/change-password does not hash a new password after ten failures', async () => {
    const user = await signUpUser();
    for (let attempt = 0; attempt < MAX_OF_ACCOUNT; attempt += 1) {
      expect((await give('/change-password', user, WRONG)).status).toBe(400);
    }
    // Every password is normalised before it is hashed, and nothing else is.
    const normalize = vi.spyOn(String.prototype, 'normalize');
    const hashed = () => normalize.mock.contexts.map(String);
    expect((await give('/change-password', user, WRONG)).status).toBe(429);
    expect(hashed()).not.toContain('another password');
    await hashPassword('another password');
    expect(hashed()).toContain('another password');
  });

  test('a request that hashes and verifies is one attempt, which is released if the password is right', async () => {
    const user = await signUpUser();
    const findAttempt = async () => ({ account: { userId: user.id }, address: null });
    const hash = await hashPassword(PASSWORD);
    const change = (password: string) =>
      withPasswordAttempts({ env, countsHashes: true, findAttempt }, async () => {
        await hashCountedPassword('another password');
        return verifyCountedPassword({ hash, password });
      });
    for (let attempt = 1; attempt < MAX_OF_ACCOUNT; attempt += 1) expect(await change(WRONG)).toBe(false);
    expect(await change(PASSWORD)).toBe(true);
    for (let attempt = 0; attempt < MAX_OF_ACCOUNT; attempt += 1) expect(await change(WRONG)).toBe(false);
    await expect(change(PASSWORD)).rejects.toMatchObject({ status: 'TOO_MANY_REQUESTS' });
  });

  test('sixty concurrent sign-ins with an unknown e-mail address are limited like those of an account', async () => {
    const user = { ...(await signUpUser()), email: createEmail() };
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async () => (await give('/sign-in/email', user, WRONG)).status),
    );
    expect(statuses.filter((status) => status !== 429)).toHaveLength(MAX_OF_ACCOUNT);
  });

  test.each(Object.keys(SETTING))('%s verifies no password', async (path) => {
    const user = await signUpUser();
    const form = {
      email: user.email,
      name: 'Eve',
      password: PASSWORD,
      newPassword: PASSWORD,
      userId: user.id,
    };
    const { status } = await postJson(`/api/auth${path}`, form, { cookie: user.cookie, origin: ORIGIN });
    expect(status).toBeGreaterThanOrEqual(400);
    expect((await give('/sign-in/email', user, PASSWORD)).status).toBe(200);
  });

  test('a new route cannot verify a password without counting it', async () => {
    const user = await signUpUser();
    const accounts = await getBetterAuth(env, ORIGIN);
    const headers = new Headers({ cookie: user.cookie });
    await expect(accounts.api.verifyPassword({ headers, body: { password: PASSWORD } })).rejects.toThrow(
      'the attempt cannot be counted',
    );
  });
});
