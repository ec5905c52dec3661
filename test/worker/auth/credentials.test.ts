import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { getBetterAuth } from '../../../src/auth/accounts/better-auth.ts';
import {
  SESSION_LIFETIME_SECONDS,
  SESSION_REFRESH_AGE_SECONDS,
  getSessionCookieName,
} from '../../../src/auth/identity/session-cookie.ts';
import { call, ORIGIN, postJson } from '../support/auth-app.ts';
import { bearer, PASSWORD, signLocalJwt, signUpUser, type TestUser } from '../support/auth-users.ts';

const FOREIGN = 'https://evil.example';

async function whoami(headers: Record<string, string>, method = 'GET'): Promise<Response> {
  return call('/whoami', { headers, method });
}

async function setSession(user: TestUser, assignment: string, ...values: number[]): Promise<void> {
  await env.DB.prepare(`UPDATE session SET ${assignment} WHERE user_id = ?`)
    .bind(...values, user.id)
    .run();
}

async function ban(user: TestUser, expiresAt: number | null): Promise<void> {
  await env.DB.prepare('UPDATE user SET banned = 1, ban_expires = ? WHERE id = ?')
    .bind(expiresAt, user.id)
    .run();
}

async function asOperator(user: TestUser): Promise<number> {
  return (await call('/operators', { headers: bearer(user.sessionToken) })).status;
}

async function setRole(user: TestUser, role: string | null): Promise<void> {
  await env.DB.prepare('UPDATE user SET role = ? WHERE id = ?').bind(role, user.id).run();
}

describe('session tokens as bearer', () => {
  test('a session token identifies its user until the session ends', async () => {
    const user = await signUpUser();
    const row = await env.DB.prepare('SELECT id, expires_at FROM session WHERE user_id = ?')
      .bind(user.id)
      .first();
    const response = await whoami(bearer(user.sessionToken));
    expect(await response.json()).toEqual({
      userId: user.id,
      expiresAt: row?.['expires_at'],
      sessionId: row?.['id'],
      via: 'session',
    });
  });

  test('a session lookup costs one query', async () => {
    const user = await signUpUser();
    let queries = 0;
    const DB = new Proxy(env.DB, {
      get(database, property) {
        if (property === 'prepare') queries += 1;
        const value: unknown = Reflect.get(database, property);
        return typeof value === 'function' ? value.bind(database) : value;
      },
    });
    const response = await call('/whoami', { headers: bearer(user.sessionToken), bindings: { DB } });
    expect(response.status).toBe(200);
    expect(queries).toBe(1);
  });

  test('the signed token of the header set-auth-token is accepted', async () => {
    const { email, id } = await signUpUser();
    const response = await postJson('/api/auth/sign-in/email', { email, password: PASSWORD });
    const signed = response.headers.get('set-auth-token') ?? '';
    expect(signed).toContain('.');
    expect(await (await whoami(bearer(signed))).json()).toMatchObject({ userId: id });
    expect((await whoami(bearer(signed.replace('.', 'x.')))).status).toBe(401);
  });

  test.each([
    ['nothing', {}],
    ['no token', { authorization: 'Bearer' }],
    ['an empty token', { authorization: 'Bearer  ' }],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['an unknown token', bearer('abcdefghijklmnopqrstuvwxyz012345')],
    ['two dots', bearer('..')],
    ['five parts', bearer('a.b.c.d.e')],
    ['a smuggled cookie', bearer('x; __Secure-better-auth.session_token=y')],
    ['a token without bound', bearer('x'.repeat(9_000))],
    ['a JWT without bound', bearer(`${'x'.repeat(9_000)}.x.x`)],
  ])('%s is refused', async (_what, headers) => {
    const response = await whoami(headers);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toMatchObject({ type: 'about:blank', status: 401 });
  });

  test('a revoked session is refused', async () => {
    const user = await signUpUser();
    const body = { token: user.sessionToken };
    const revoked = await postJson('/api/auth/revoke-session', body, bearer(user.sessionToken));
    expect(revoked.status).toBe(200);
    expect((await whoami(bearer(user.sessionToken))).status).toBe(401);
    expect((await whoami({ cookie: user.cookie })).status).toBe(401);
  });

  test('an expired session is refused', async () => {
    const user = await signUpUser();
    await setSession(user, 'expires_at = ?', Date.now() - 1);
    expect((await whoami(bearer(user.sessionToken))).status).toBe(401);
  });

  test('a session of a banned user is refused until the ban ends', async () => {
    const user = await signUpUser();
    await ban(user, null);
    expect((await whoami(bearer(user.sessionToken))).status).toBe(403);
    expect((await whoami({ cookie: user.cookie })).status).toBe(403);
    await ban(user, Date.now() + 60_000);
    expect((await whoami(bearer(user.sessionToken))).status).toBe(403);
    await ban(user, Date.now() - 1);
    expect((await whoami(bearer(user.sessionToken))).status).toBe(200);
  });

  test('an invalid Authorization is refused even with a valid cookie', async () => {
    const { cookie } = await signUpUser();
    expect((await whoami({ cookie, ...bearer('nonsense') })).status).toBe(401);
    expect((await whoami({ cookie, authorization: 'Basic YTpi' })).status).toBe(401);
  });
});

describe('the session cookie', () => {
  test.each([ORIGIN, 'http://localhost:8787'])('at %s has the format of Better Auth', async (origin) => {
    const { authCookies, sessionConfig } = await (await getBetterAuth(env, origin)).$context;
    expect(authCookies.sessionToken.name).toBe(getSessionCookieName(origin));
    expect(sessionConfig).toMatchObject({
      expiresIn: SESSION_LIFETIME_SECONDS,
      updateAge: SESSION_REFRESH_AGE_SECONDS,
    });
  });

  test('is accepted only with its signature and its own name', async () => {
    const { cookie, sessionToken } = await signUpUser();
    const [name = '', value = ''] = cookie.split('=');
    const [, signature = ''] = decodeURIComponent(value).split('.');
    const other = await signUpUser();
    for (const [forged, status] of [
      [value, 200],
      // Browsers send it as they were given it; either way it says the same.
      [decodeURIComponent(value), 200],
      [sessionToken, 401],
      [`${sessionToken}.`, 401],
      [`${sessionToken}.${signature.slice(0, -1)}`, 401],
      [`${sessionToken}.${signature}=`, 401],
      [`${other.sessionToken}.${signature}`, 401],
      [`.${signature}`, 401],
      [`${value}%`, 401],
    ] as const) {
      const response = await whoami({ cookie: `a=b; ${name}=${forged}` });
      expect([forged, response.status]).toEqual([forged, status]);
    }
    expect((await whoami({ cookie: `x${name}=${value}` })).status).toBe(401);
    expect((await whoami({ cookie: `${name}=x; ${name}=${value}` })).status).toBe(401);
  });

  test('is enough for reads, without an Origin', async () => {
    const { cookie, id } = await signUpUser();
    expect(await (await whoami({ cookie })).json()).toMatchObject({ userId: id, via: 'session' });
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'is accepted for %s only from the same origin',
    async (method) => {
      const { cookie } = await signUpUser();
      expect((await whoami({ cookie, origin: ORIGIN }, method)).status).toBe(200);
      for (const origin of [
        FOREIGN,
        'https://app.example',
        'null',
        `${ORIGIN}.evil.example`,
        `${ORIGIN}:444`,
      ]) {
        expect((await whoami({ cookie, origin }, method)).status).toBe(403);
      }
      expect((await whoami({ cookie }, method)).status).toBe(403);
    },
  );

  test('with a changed signature is no session', async () => {
    const { cookie, sessionToken } = await signUpUser();
    const [name] = cookie.split('=');
    expect((await whoami({ cookie: `${name}=${sessionToken}` })).status).toBe(401);
    expect((await whoami({ cookie: `${name}=${sessionToken}.AAAA` })).status).toBe(401);
  });

  test('other cookies are ignored', async () => {
    expect((await whoami({ cookie: 'theme=dark' }, 'POST')).status).toBe(401);
  });
});

describe('the operator token', () => {
  const OPERATOR_TOKEN = String(Reflect.get(env, 'OPERATOR_TOKEN'));

  test('is an operator without a user', async () => {
    const response = await whoami(bearer(OPERATOR_TOKEN));
    expect(await response.json()).toEqual({
      userId: null,
      expiresAt: null,
      sessionId: null,
      via: 'operator-token',
    });
    expect((await call('/operators', { headers: bearer(OPERATOR_TOKEN) })).status).toBe(200);
  });

  test.each([OPERATOR_TOKEN.slice(0, -1), `${OPERATOR_TOKEN}x`, OPERATOR_TOKEN.toUpperCase()])(
    'a similar token is refused',
    async (token) => {
      expect((await whoami(bearer(token))).status).toBe(401);
    },
  );

  test('is not accepted if OPERATOR_TOKEN is not set', async () => {
    const unset = { headers: bearer(OPERATOR_TOKEN), bindings: { OPERATOR_TOKEN: '' } };
    expect((await call('/whoami', unset)).status).toBe(401);
  });
});

describe('operators', () => {
  test('an account is an operator only while it has the role', async () => {
    const user = await signUpUser();
    expect(await asOperator(user)).toBe(403);
    for (const role of ['admin', 'user,admin', 'admin,user']) {
      await setRole(user, role);
      expect(await asOperator(user)).toBe(200);
    }
    const jwt = await signLocalJwt({ sub: user.id });
    expect((await call('/operators', { headers: bearer(jwt) })).status).toBe(200);
    for (const role of [null, '', 'user', 'administrator', 'Admin']) {
      await setRole(user, role);
      expect(await asOperator(user)).toBe(403);
    }
    expect((await call('/operators', { headers: bearer(jwt) })).status).toBe(403);
  });

  test('a banned operator has no rights, with any token', async () => {
    const user = await signUpUser();
    await setRole(user, 'admin');
    await ban(user, null);
    const jwt = await signLocalJwt({ sub: user.id });
    expect((await call('/operators', { headers: bearer(jwt) })).status).toBe(403);
    await ban(user, Date.now() - 1);
    expect((await call('/operators', { headers: bearer(jwt) })).status).toBe(200);
  });

  test('users cannot give themselves the role of an operator', async () => {
    const user = await signUpUser();
    expect((await postJson('/api/auth/update-user', { role: 'admin' }, bearer(user.sessionToken))).ok).toBe(
      false,
    );
    const body = { userId: user.id, role: 'admin' };
    expect((await postJson('/api/auth/admin/set-role', body, bearer(user.sessionToken))).ok).toBe(false);
    expect((await postJson('/api/auth/admin/ban-user', body, bearer(user.sessionToken))).status).toBe(403);
    expect(await asOperator(user)).toBe(403);
  });

  test('operators cannot impersonate users or change their accounts', async () => {
    const [operator, user] = [await signUpUser(), await signUpUser()];
    await setRole(operator, 'admin');
    const act = (path: string) =>
      postJson(
        `/api/auth/admin/${path}`,
        { userId: user.id, role: 'admin', newPassword: PASSWORD, data: { role: 'admin' } },
        bearer(operator.sessionToken),
      );
    for (const path of ['impersonate-user', 'set-user-password', 'set-role', 'update-user']) {
      expect((await act(path)).status).toBe(404);
      expect((await act(`${path}/`)).status).toBe(404);
    }
    expect((await act('ban-user')).status).toBe(200);
    expect((await whoami(bearer(user.sessionToken))).status).toBe(401);
  });

  test('a request without a credential gets 401, not 403', async () => {
    expect((await call('/operators')).status).toBe(401);
  });
});
