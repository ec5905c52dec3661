import { env } from 'cloudflare:workers';
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeJwt,
  type JSONWebKeySet,
  jwtVerify,
  SignJWT,
} from 'jose';
import { describe, expect, test, vi } from 'vitest';
import { getJwtKey } from '../../../src/auth/credentials/jwt-key.ts';
import { call, connect, ORIGIN } from '../support/auth-app.ts';
import {
  bearer,
  createBrokenDatabase,
  fetchJwt,
  inSeconds,
  readSessionId,
  signLocalJwt,
  signUpUser,
} from '../support/auth-users.ts';

const OTHER_SECRET = 'another-secret-of-at-least-32-characters';

async function whoami(token: string, bindings = {}): Promise<Response> {
  return call('/whoami', { headers: bearer(token), bindings });
}

describe('tokens of this deployment', () => {
  test('a token contains its user and session for 15 minutes, and nothing else', async () => {
    const user = await signUpUser();
    const sid = await readSessionId(user);
    const before = Math.floor(Date.now() / 1000);
    const { iat, exp, ...claims } = decodeJwt(await fetchJwt(user));
    expect(claims).toEqual({ sub: user.id, sid, iss: 'roomkeeper', aud: 'roomkeeper' });
    expect(iat).toBeGreaterThanOrEqual(before);
    expect(Number(exp) - Number(iat)).toBe(15 * 60);
  });

  test('a token identifies its user until it expires', async () => {
    const user = await signUpUser();
    const token = await fetchJwt(user);
    const response = await whoami(token);
    const expiresAt = Number(decodeJwt(token).exp) * 1000;
    const sessionId = await readSessionId(user);
    expect(await response.json()).toEqual({ userId: user.id, expiresAt, sessionId, via: 'jwt' });
  });

  test('a token without a valid session id is accepted until it expires', async () => {
    for (const sid of [undefined, null, 7, { id: 'x' }]) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await whoami(await signLocalJwt({ sid }));
      // oxlint-disable-next-line no-await-in-loop
      expect(await response.json()).toMatchObject({ userId: 'someone', sessionId: null });
    }
  });

  test('a token is accepted under every origin of the deployment', async () => {
    const user = await signUpUser();
    const token = await fetchJwt(user, 'http://localhost:8787');
    const response = await call('/whoami', { origin: 'http://127.0.0.1:8787', headers: bearer(token) });
    expect(await response.json()).toMatchObject({ userId: user.id });
  });

  test('a token is verified without the database', async () => {
    const user = await signUpUser();
    const token = await fetchJwt(user);
    const response = await whoami(token, { DB: createBrokenDatabase() });
    expect(await response.json()).toMatchObject({ userId: user.id, via: 'jwt' });
  });

  test('the key set verifies tokens and contains no private key', async () => {
    const user = await signUpUser();
    const response = await call('/api/auth/jwks', { bindings: { DB: createBrokenDatabase() } });
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    const keys = await response.json<JSONWebKeySet>();
    expect(keys.keys).toHaveLength(1);
    const [key] = keys.keys;
    expect(Object.keys(key ?? {}).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'x']);
    expect(key?.kid).toBe(await calculateJwkThumbprint(key ?? { kty: 'none' }));
    const { payload } = await jwtVerify(await fetchJwt(user), createLocalJWKSet(keys));
    expect(payload.sub).toBe(user.id);
  });

  test('a token is issued only with a session', async () => {
    expect((await call('/api/auth/token')).status).toBe(401);
    expect((await call('/api/auth/token', { headers: bearer(await signLocalJwt({})) })).status).toBe(401);
  });

  test('the key depends only on the secret', async () => {
    const key = await getJwtKey(env.BETTER_AUTH_SECRET);
    expect((await getJwtKey(OTHER_SECRET)).kid).not.toBe(key.kid);
    // Fixed: another derivation would void every token in use.
    expect((await getJwtKey('0123456789abcdef0123456789abcdef')).kid).toBe(
      'nTYLWdsvpuPDgJLlb8amN6ZJLCePZ6l9_5507WAIGkU',
    );
  });

  test('a short secret is refused', async () => {
    await expect(getJwtKey('x'.repeat(31))).rejects.toThrow(/at least 32/);
    await expect(getJwtKey('')).rejects.toThrow(/at least 32/);
  });
});

describe('bad tokens of this deployment', () => {
  test('the unchanged token is accepted, so that the following refusals have one cause', async () => {
    expect((await whoami(await signLocalJwt({}))).status).toBe(200);
  });

  test.each([
    ['has expired', { exp: inSeconds(-1) }],
    ['never expires', { exp: undefined }],
    ['names no user', { sub: undefined }],
    ['is of another issuer', { iss: 'https://evil.example' }],
    ['is of no issuer', { iss: undefined }],
    ['is for another audience', { aud: 'elsewhere' }],
    ['is for no audience', { aud: undefined }],
    ['is not valid yet', { nbf: inSeconds(60) }],
  ])('a token that %s is refused', async (_what, claims) => {
    const response = await whoami(await signLocalJwt(claims));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  test('a token of another secret is refused', async () => {
    expect((await whoami(await signLocalJwt({}, OTHER_SECRET))).status).toBe(401);
    const token = await signLocalJwt({});
    expect((await whoami(token, { BETTER_AUTH_SECRET: OTHER_SECRET })).status).toBe(401);
  });

  test('without the deployment’s own key, a token gets 503 and a log record', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const token = await signLocalJwt({});
    const bindings = { BETTER_AUTH_SECRET: 'too short' };
    expect((await whoami(token, bindings)).status).toBe(503);
    expect(log).toHaveBeenCalledWith(
      expect.objectContaining({
        event: 'token_check_failed',
        error: expect.stringContaining('BETTER_AUTH_SECRET is missing'),
      }),
    );
    expect(await connect(`/whoami?token=${token}`, { bindings })).toMatchObject({ code: 1013 });
    log.mockRestore();
  });

  test('a token without a signature is refused', async () => {
    const [, payload, signature] = (await signLocalJwt({})).split('.');
    const none = btoa('{"alg":"none"}').replaceAll('=', '');
    expect((await whoami(`${none}.${payload}.`)).status).toBe(401);
    expect((await whoami(`${none}.${payload}.${signature}`)).status).toBe(401);
  });

  test('a token signed with the public key as a shared secret is refused', async () => {
    const { publicJwk, kid } = await getJwtKey(env.BETTER_AUTH_SECRET);
    const token = await new SignJWT({ sub: 'x', iss: 'roomkeeper', aud: 'roomkeeper' })
      .setProtectedHeader({ alg: 'HS256', kid })
      .setExpirationTime('1m')
      .sign(new TextEncoder().encode(JSON.stringify(publicJwk)));
    expect((await whoami(token)).status).toBe(401);
  });

  test('a token with changed content is refused', async () => {
    const [header, , signature] = (await signLocalJwt({ sub: 'ada' })).split('.');
    const [, payload] = (await signLocalJwt({ sub: 'eve' })).split('.');
    expect((await whoami(`${header}.${payload}.${signature}`)).status).toBe(401);
  });

  test('a banned user gets no new token from an old session', async () => {
    const user = await signUpUser();
    await env.DB.prepare('UPDATE user SET banned = 1 WHERE id = ?').bind(user.id).run();
    const response = await call('/api/auth/token', { headers: bearer(user.sessionToken) });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ status: 403, code: 'BANNED_USER' });
    expect((await call('/api/auth/token', { origin: ORIGIN })).status).toBe(401);
  });
});
