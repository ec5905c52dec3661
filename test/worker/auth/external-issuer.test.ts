import { env } from 'cloudflare:workers';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { describe, expect, inject, test, vi } from 'vitest';
import { insertExternalUser, isExternalUserId } from '../../../src/auth/identity/external-user.ts';
import type { Bindings } from '../../../src/domain/env.ts';
import { call, connect, postJson } from '../support/auth-app.ts';
import {
  type Claims,
  bearer,
  createBrokenDatabase,
  inSeconds,
  PASSWORD,
  signLocalJwt,
  signUpByRequest,
} from '../support/auth-users.ts';

const { url, unreachableUrl, ed25519, rsa } = inject('externalIssuer');
const ISSUER = 'https://issuer.example/';
const TRUSTING: Partial<Bindings> = {
  AUTH_JWKS_URL: `${url}/jwks`,
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: 'rooms',
};

/** A token of the external issuer with claims of the test's choice. */
async function externalJwt(claims: Claims = {}, key: JWK = ed25519): Promise<string> {
  const complete = { iss: ISSUER, aud: 'rooms', sub: 'auth0|ada', exp: inSeconds(60), ...claims };
  const kept = Object.fromEntries(Object.entries(complete).filter(([, value]) => value !== undefined));
  return new SignJWT(kept).setProtectedHeader({ alg: key.alg ?? '', kid: key.kid ?? '' }).sign(key);
}

async function whoami(token: string, bindings: Partial<Bindings> = TRUSTING): Promise<Response> {
  return call('/whoami', { headers: bearer(token), bindings });
}

describe('tokens of an external issuer', () => {
  test.each([
    ['Ed25519', ed25519],
    ['RSA', rsa],
  ])('a token signed with %s stands for a user of the issuer', async (_what, key) => {
    const exp = inSeconds(60);
    // A session of the issuer's, if it names one, is none of ours.
    const response = await whoami(await externalJwt({ exp, sid: 'theirs' }, key));
    expect(await response.json()).toEqual({
      userId: `${ISSUER}#auth0|ada`,
      expiresAt: exp * 1000,
      sessionId: null,
      via: 'jwt',
    });
  });

  test('a token is verified without the database and opens sockets', async () => {
    const bindings = { ...TRUSTING, DB: createBrokenDatabase() };
    const token = await externalJwt();
    expect((await whoami(token, bindings)).status).toBe(200);
    expect(await connect(`/whoami?token=${token}`, { bindings })).toHaveProperty('principal');
  });

  test('a token with several audiences is accepted if one matches', async () => {
    expect((await whoami(await externalJwt({ aud: ['elsewhere', 'rooms'] }))).status).toBe(200);
  });

  test('a token of an issuer with a clock slightly ahead is accepted', async () => {
    expect((await whoami(await externalJwt({ nbf: inSeconds(5) }))).status).toBe(200);
  });

  test('local tokens are accepted next to those of the issuer', async () => {
    expect((await whoami(await signLocalJwt({}))).status).toBe(200);
  });

  test('many tokens cause one request for the key set', async () => {
    const path = '/jwks?once';
    const bindings = { ...TRUSTING, AUTH_JWKS_URL: `${url}${path}` };
    for (let token = 0; token < 5; token += 1) await whoami(await externalJwt(), bindings);
    // An unknown key asks no second time within the cool-down.
    expect((await whoami(await externalJwt({}, { ...ed25519, kid: 'unknown' }), bindings)).status).toBe(401);
    const requests = await (await fetch(`${url}/requests`)).json<Record<string, number>>();
    expect(requests[path]).toBe(1);
  });
});

describe('bad tokens of an external issuer', () => {
  test.each<[string, Claims]>([
    ['has expired', { exp: inSeconds(-1) }],
    ['never expires', { exp: undefined }],
    ['names no user', { sub: undefined }],
    ['names an empty user', { sub: '' }],
    ['names a user of more than 255 bytes', { sub: 'ä'.repeat(128) }],
    ['names a user with control characters', { sub: 'ada\u0000' }],
    ['names a user of half a character', { sub: '\ud800' }],
    ['is for another audience', { aud: 'elsewhere' }],
    ['is for no audience', { aud: undefined }],
    ['is of another issuer', { iss: 'https://other.example/' }],
    ['is not valid yet', { nbf: inSeconds(60) }],
    ['claims to be local', { iss: 'roomkeeper', aud: 'roomkeeper' }],
  ])('a token that %s is refused', async (_what, claims) => {
    expect((await whoami(await externalJwt(claims))).status).toBe(401);
  });

  test('a "sub" may have at most 255 bytes', async () => {
    expect((await whoami(await externalJwt({ sub: `ä`.repeat(127) + 'x' }))).status).toBe(200);
  });

  test('a numeric "sub" is refused', async () => {
    const token = await externalJwt({ sub: 7 });
    expect((await whoami(token)).status).toBe(401);
  });

  test('a token with a known key id but another key is refused', async () => {
    const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
    const key = { ...(await exportJWK(privateKey)), alg: 'EdDSA', kid: ed25519.kid ?? '' };
    expect((await whoami(await externalJwt({}, key))).status).toBe(401);
  });

  test('an HMAC signature is refused with any header', async () => {
    const token = await new SignJWT({ iss: ISSUER, aud: 'rooms', sub: 'ada', exp: inSeconds(60) })
      .setProtectedHeader({ alg: 'HS256', kid: rsa.kid ?? '' })
      .sign(new TextEncoder().encode(JSON.stringify(rsa.n)));
    expect((await whoami(token)).status).toBe(401);
    const [, payload] = token.split('.');
    const none = btoa(JSON.stringify({ alg: 'none', kid: rsa.kid })).replaceAll('=', '');
    expect((await whoami(`${none}.${payload}.`)).status).toBe(401);
  });

  test.each(['AUTH_JWKS_URL', 'AUTH_ISSUER', 'AUTH_AUDIENCE'] as const)(
    'without %s no token of the issuer is accepted',
    async (name) => {
      expect((await whoami(await externalJwt(), { ...TRUSTING, [name]: '' })).status).toBe(401);
    },
  );

  test('an unusable key of the issuer gets 503 and a log record', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    for (const [path, key] of [
      ['/unusable', ed25519],
      ['/unusable', rsa],
      ['/private', ed25519],
      ['/private', rsa],
    ] as const) {
      const bindings = { ...TRUSTING, AUTH_JWKS_URL: `${url}${path}` };
      const token = await externalJwt({}, key);
      log.mockClear();
      expect((await whoami(token, bindings)).status, `${path} ${key.alg}`).toBe(503);
      expect(log).toHaveBeenCalledWith(expect.objectContaining({ event: 'token_check_failed' }));
      expect(await connect(`/whoami?token=${token}`, { bindings })).toMatchObject({ code: 1013 });
    }
    log.mockRestore();
  });

  test('a token without a key id is refused if the issuer has several keys', async () => {
    const keys = `${url}/two-keys`;
    const claims = { iss: ISSUER, aud: 'rooms', sub: 'auth0|ada', exp: inSeconds(60) };
    const unnamed = await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA' }).sign(ed25519);
    const response = await whoami(unnamed, { ...TRUSTING, AUTH_JWKS_URL: keys });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('"kid"') });
  });

  test('an unreadable key set gets 503, not 401', async () => {
    const token = await externalJwt();
    for (const jwksUrl of [`${unreachableUrl}/jwks`, `${url}/broken`, `${url}/garbage`, `${url}/missing`]) {
      const bindings = { ...TRUSTING, AUTH_JWKS_URL: jwksUrl };
      const response = await whoami(token, bindings);
      expect(response.status).toBe(503);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await connect(`/whoami?token=${token}`, { bindings })).toMatchObject({ code: 1013 });
      // Local tokens do not suffer.
      expect((await whoami(await signLocalJwt({}), bindings)).status).toBe(200);
    }
  });

  test('an issuer with a "#" or an insecure key set URL is not used', async () => {
    const crafted = { ...TRUSTING, AUTH_ISSUER: 'https://issuer.example/#a' };
    expect((await whoami(await externalJwt({ iss: 'https://issuer.example/#a' }), crafted)).status).toBe(503);
    for (const jwksUrl of ['http://issuer.example/jwks', 'file:///etc/passwd', 'nonsense']) {
      const bindings = { ...TRUSTING, AUTH_JWKS_URL: jwksUrl };
      expect((await whoami(await externalJwt(), bindings)).status).toBe(503);
    }
  });
});

async function rowOf(id: string): Promise<Record<string, unknown> | null> {
  return env.DB.prepare('SELECT id, name, email, email_verified, role FROM user WHERE id = ?')
    .bind(id)
    .first();
}

describe('users of an external issuer', () => {
  test('the row of an external user is created once, without claims of the issuer', async () => {
    const id = `${ISSUER}#${crypto.randomUUID()}#x`;
    await insertExternalUser(env.DB, id).run();
    const { meta } = await insertExternalUser(env.DB, id).run();
    expect(meta.rows_written).toBe(0);
    const name = id.slice(ISSUER.length + 1);
    expect(await rowOf(id)).toEqual({ id, name, email: id, email_verified: 0, role: null });
  });

  test('ids of external users differ from ids of local accounts', async () => {
    const { id } = await signUpByRequest();
    expect(isExternalUserId(id)).toBe(false);
    expect(id).toMatch(/^[A-Za-z0-9]+$/);
    expect(isExternalUserId(`${ISSUER}#${id}`)).toBe(true);
  });

  test('the id of an external user cannot be used as an e-mail address', async () => {
    for (const sub of ['ada', 'ada@example.com', '@example.com']) {
      for (const issuer of [ISSUER, 'ada', '', '"', 'ada@example.com']) {
        const email = `${issuer}#${sub}`;
        const body = { name: 'Eve', email, password: PASSWORD };
        expect((await postJson('/api/auth/sign-up/email', body)).status).toBe(400);
        expect((await postJson('/api/auth/sign-in/email', body)).status).toBe(400);
      }
    }
  });
});
