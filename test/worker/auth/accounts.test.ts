import { inspect } from 'node:util';
import { env } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';
import { getBetterAuth } from '../../../src/auth/accounts/better-auth.ts';
import { call, ORIGIN, postJson } from '../support/auth-app.ts';
import {
  bearer,
  createBrokenDatabase,
  getSessionCookie,
  createEmail,
  PASSWORD,
  signUpByRequest,
  signUpUser,
} from '../support/auth-users.ts';

const SIGN_UP = '/api/auth/sign-up/email';
const SIGN_IN = '/api/auth/sign-in/email';

async function expectProblem(response: Response, status: number): Promise<Record<string, unknown>> {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const body = await response.json<Record<string, unknown>>();
  expect(body).toMatchObject({
    type: 'about:blank',
    status,
    title: expect.any(String),
    detail: expect.any(String),
  });
  return body;
}

function newcomer(): Record<string, string> {
  return { name: 'Ada', email: createEmail(), password: PASSWORD };
}

function guess(address: string): Promise<Response> {
  return postJson(
    SIGN_IN,
    { email: 'unknown@example.com', password: PASSWORD },
    { 'cf-connecting-ip': address },
  );
}

describe('accounts', () => {
  test('the tables match the schema of Better Auth', async () => {
    const context = await (await getBetterAuth(env, ORIGIN)).$context;
    // The key set alone has no table: its key is derived from the secret.
    await expect(context.explicitSchemaCheck?.()).rejects.toThrow(
      /^Drizzle schema mismatch\s+Missing tables\s+jwks\s+help:/,
    );
  });

  test('programs sign up without an Origin, browsers only with a trusted Origin', async () => {
    const fromNode = await postJson(SIGN_UP, newcomer(), { 'sec-fetch-mode': 'cors' });
    expect(fromNode.status).toBe(200);
    const metadata = { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' };
    await expectProblem(await postJson(SIGN_UP, newcomer(), metadata), 403);
    await expectProblem(
      await postJson(SIGN_UP, newcomer(), { ...metadata, origin: 'https://evil.example' }),
      403,
    );
  });

  test('all requests of an origin share one instance of Better Auth', async () => {
    expect(await getBetterAuth(env, ORIGIN)).toBe(await getBetterAuth(env, ORIGIN));
    expect(await getBetterAuth(env, 'http://localhost:1')).not.toBe(await getBetterAuth(env, ORIGIN));
  });

  test('a sign-up signs in, and the password signs in again', async () => {
    const { email, cookie, id } = await signUpByRequest();
    const session = await call('/api/auth/get-session', { headers: { cookie } });
    expect(await session.json()).toMatchObject({ user: { id, email } });

    const again = await postJson(SIGN_IN, { email: email.toUpperCase(), password: PASSWORD });
    expect(again.status).toBe(200);
    expect(await again.json()).toMatchObject({ user: { id } });
  });

  test('a sign-out ends the session', async () => {
    const { cookie, sessionToken } = await signUpUser();
    const out = await postJson('/api/auth/sign-out', {}, { cookie, origin: ORIGIN });
    expect(out.status).toBe(200);
    await expectProblem(await call('/whoami', { headers: { cookie } }), 401);
    await expectProblem(await call('/whoami', { headers: bearer(sessionToken) }), 401);
  });

  test('the session cookie is HttpOnly and SameSite=Lax, and Secure over https', async () => {
    const secure = await postJson(SIGN_UP, { name: 'Ada', email: createEmail(), password: PASSWORD });
    expect(secure.headers.get('set-cookie')).toMatch(/^__Secure-.*HttpOnly.*; SameSite=Lax/i);
    expect(secure.headers.get('set-cookie')).toMatch(/; Secure/);
    const plain = await call(SIGN_UP, {
      origin: 'http://localhost:8787',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Ada', email: createEmail(), password: PASSWORD }),
    });
    expect(plain.headers.get('set-cookie')).toMatch(/HttpOnly.*; SameSite=Lax/i);
    expect(plain.headers.get('set-cookie')).not.toMatch(/Secure/);
  });

  test('a password is stored as a scrypt hash with its cost', async () => {
    const { id } = await signUpByRequest();
    const row = await env.DB.prepare('SELECT password FROM account WHERE user_id = ?').bind(id).first();
    expect(row?.['password']).toMatch(/^scrypt\$16384\$8\$5\$/);
  });
});

describe('bad input to the routes of accounts', () => {
  test('a wrong password and an unknown e-mail address get the same refusal', async () => {
    const { email } = await signUpUser();
    const wrong = await expectProblem(await postJson(SIGN_IN, { email, password: 'not the password' }), 401);
    const unknown = await expectProblem(
      await postJson(SIGN_IN, { email: createEmail(), password: PASSWORD }),
      401,
    );
    expect(unknown).toEqual(wrong);
    expect(wrong['code']).toBe('INVALID_EMAIL_OR_PASSWORD');
  });

  test.each([
    ['no e-mail', { name: 'Ada', password: PASSWORD }],
    ['no e-mail address', { name: 'Ada', email: 'ada', password: PASSWORD }],
    ['a short password', { name: 'Ada', email: 'ada@example.com', password: 'short' }],
    ['a password without bound', { name: 'Ada', email: 'ada@example.com', password: 'x'.repeat(129) }],
    ['a name without bound', { name: 'x'.repeat(201), email: 'ada@example.com', password: PASSWORD }],
    ['an e-mail without bound', { name: 'Ada', email: `${'x'.repeat(243)}@example.com`, password: PASSWORD }],
    ['an object for a name', { name: {}, email: 'ada@example.com', password: PASSWORD }],
    ['a chosen role', { name: 'Ada', email: 'ada@example.com', password: PASSWORD, role: 'admin' }],
    ['a list', []],
    ['a number', 7],
    ['null', null],
  ])('sign-up with %s is malformed', async (_what, body) => {
    await expectProblem(await postJson(SIGN_UP, body), 400);
  });

  test('an e-mail address that is taken cannot sign up again', async () => {
    const { email } = await signUpUser();
    const body = await expectProblem(
      await postJson(SIGN_UP, { name: 'Eve', email: email.toUpperCase(), password: PASSWORD }),
      422,
    );
    expect(body['code']).toBe('USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL');
  });

  test.each(['{', '', 'null', '"x"', '\u0000', '{"email":"a@b.c"'])(
    'the malformed body %j is refused',
    async (body) => {
      const response = await call(SIGN_IN, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      await expectProblem(response, 400);
    },
  );

  test('a body of another media type is refused', async () => {
    const response = await call(SIGN_IN, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'x',
    });
    await expectProblem(response, 415);
  });

  test('a body that is too long is refused, with or without a Content-Length', async () => {
    const withLength = await postJson(SIGN_IN, { email: 'x'.repeat(65_536) });
    await expectProblem(withLength, 413);
    const withoutLength = await call(SIGN_IN, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(16_384)),
      }),
    });
    await expectProblem(withoutLength, 413);
  });

  test.each([
    ['GET', '/api/auth/nothing-here'],
    ['GET', '/api/auth/'],
    ['GET', '/api/auth//token'],
    ['GET', '/api/auth/%E0%A4%A'],
    ['DELETE', '/api/auth/token'],
    ['POST', '/api/auth/token/../../x'],
  ])('%s %s is unknown', async (method, path) => {
    await expectProblem(await call(path, { method }), 404);
  });

  test('a malformed cookie is no session', async () => {
    for (const value of ['%', '%E0%A4%A', 'a.b', '"', 'x'.repeat(5_000)]) {
      const cookie = `__Secure-better-auth.session_token=${value}`;
      const response = await call('/api/auth/get-session', { headers: { cookie } });
      expect(await response.json()).toBeNull();
      await expectProblem(await call('/whoami', { headers: { cookie } }), 401);
    }
  });

  test('an invalid Authorization is refused even with a valid cookie', async () => {
    const { cookie } = await signUpUser();
    const response = await call('/api/auth/token', { headers: { cookie, ...bearer('nonsense') } });
    await expectProblem(response, 401);
    expect((await call('/api/auth/token', { headers: { cookie } })).status).toBe(200);
  });

  test('pages of other origins can use bearer tokens, but not the cookie', async () => {
    const { cookie, sessionToken } = await signUpUser();
    const origin = 'https://app.example';
    await expectProblem(await call('/api/auth/token', { headers: { cookie, origin } }), 401);
    expect((await call('/api/auth/token', { headers: { ...bearer(sessionToken), origin } })).status).toBe(
      200,
    );
    const body = { name: 'Ada', email: createEmail(), password: PASSWORD };
    const trusted = await postJson(SIGN_UP, body, { origin });
    expect(trusted.status).toBe(200);
    expect(getSessionCookie(trusted)).toBe('');
    expect(trusted.headers.get('set-auth-token')).not.toBeNull();
    const foreign = await postJson(
      SIGN_UP,
      { ...body, email: createEmail() },
      { origin: 'https://evil.example' },
    );
    await expectProblem(foreign, 403);
  });

  test('a cookie without an Origin changes nothing', async () => {
    const { cookie } = await signUpUser();
    await expectProblem(await postJson('/api/auth/sign-out', {}, { cookie }), 403);
    expect(getSessionCookie(await postJson('/api/auth/sign-out', {}, { cookie, origin: 'null' }))).toBe('');
    expect((await call('/whoami', { headers: { cookie } })).status).toBe(200);
  });

  test('sign-in attempts are limited by address', async () => {
    const statuses = [];
    for (let attempt = 0; attempt < 4; attempt += 1) statuses.push((await guess('192.0.2.1')).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    const refused = await guess('192.0.2.1');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await expectProblem(refused, 429);
    expect((await guess('192.0.2.2')).status).toBe(401);
  });

  test('no credential is logged, even if the database fails', async () => {
    const { cookie, sessionToken, email } = await signUpUser();
    const logged: string[] = [];
    const spies = (['log', 'warn', 'error', 'debug', 'info'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation((...record) => {
        logged.push(inspect(record, { depth: null }));
      }),
    );
    // The real database, with the tables named wrongly: its errors carry the bound values.
    const DB = new Proxy(env.DB, {
      get: (database, property) =>
        property === 'prepare'
          ? (sql: string) => database.prepare(sql.replace(/(?<="|FROM )(session|account)\b/g, 'no_$1'))
          : Reflect.get(database, property),
    });
    const bindings = { DB };
    await expectProblem(await call('/api/auth/get-session', { bindings, headers: { cookie } }), 503);
    await expectProblem(await call('/whoami', { bindings, headers: bearer(sessionToken) }), 503);
    const signIn = { email, password: PASSWORD };
    const signUp = { name: 'Ada', email: createEmail(), password: PASSWORD };
    for (const [path, body] of [
      [SIGN_IN, signIn],
      [SIGN_UP, signUp],
    ] as const) {
      const headers = { 'content-type': 'application/json' };
      await expectProblem(
        await call(path, { bindings, method: 'POST', headers, body: JSON.stringify(body) }),
        503,
      );
    }
    for (const spy of spies) spy.mockRestore();
    expect(logged.length).toBeGreaterThan(3);
    expect(logged.join()).toContain('no_session');
    for (const secret of [sessionToken, PASSWORD, 'scrypt$']) expect(logged.join()).not.toContain(secret);
  });

  test('an unreachable database gets 503, not a refusal of the credential', async () => {
    const bindings = { DB: createBrokenDatabase() };
    const { cookie, sessionToken } = await signUpUser();
    await expectProblem(await call('/api/auth/get-session', { bindings, headers: { cookie } }), 503);
    await expectProblem(await call('/api/auth/token', { bindings, headers: bearer(sessionToken) }), 503);
    await expectProblem(await call('/whoami', { bindings, headers: bearer(sessionToken) }), 503);
  });
});
