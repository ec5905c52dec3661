import { env } from 'cloudflare:workers';
import { type JWK, SignJWT } from 'jose';
import { describe, expect, inject, test } from 'vitest';
import { type JwtVerdict, verifyJwt } from '../../../src/auth/credentials/verify-jwt.ts';
import { call } from '../support/auth-app.ts';
import { bearer, type Claims, inSeconds } from '../support/auth-users.ts';

const { url, ed25519, rsa } = inject('externalIssuer');
const ISSUER = 'https://issuer.example/';
const MINUTE_MS = 60_000;
const TOKENS = 40;

/** A key set that no other test uses, and how its issuer is. */
class Issuer {
  readonly #path = `/jwks?${crypto.randomUUID()}`;
  readonly bindings = { AUTH_JWKS_URL: `${url}${this.#path}`, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: 'rooms' };

  /** @param mode a path of test/worker/setup/external-issuer.ts, or `down` */
  async set(mode: string): Promise<void> {
    await (await fetch(`${url}/mode${this.#path}`, { method: 'PUT', body: mode })).text();
  }

  /** How often the key set was asked for. */
  async requests(): Promise<number> {
    return (await (await fetch(`${url}/requests`)).json<Record<string, number>>())[this.#path] ?? 0;
  }

  verify(token: string, now = Date.now()): Promise<JwtVerdict> {
    return verifyJwt(token, { ...env, ...this.bindings }, now);
  }
}

async function issuerIn(mode: string): Promise<Issuer> {
  const issuer = new Issuer();
  await issuer.set(mode);
  return issuer;
}

async function token(claims: Claims = {}, key: JWK = ed25519): Promise<string> {
  const complete = { iss: ISSUER, aud: 'rooms', sub: 'ada', exp: inSeconds(3 * 60 * 60), ...claims };
  const kept = Object.fromEntries(Object.entries(complete).filter(([, value]) => value !== undefined));
  return new SignJWT(kept).setProtectedHeader({ alg: key.alg ?? '', kid: key.kid ?? '' }).sign(key);
}

const forged = async (): Promise<string> => (await token()).replace(/[^.]*$/, 'A'.repeat(86));

const encode = (part: unknown) => btoa(JSON.stringify(part)).replaceAll('=', '');

describe('while the issuer is down', () => {
  test('forty forged tokens at once, and forty one after the other, cause one request for its keys', async () => {
    const issuer = await issuerIn('down');
    const headers = bearer(await forged());
    const whoami = () => call('/whoami', { headers, bindings: issuer.bindings });
    const atOnce = await Promise.all(Array.from({ length: TOKENS }, whoami));
    expect(new Set(atOnce.map(({ status }) => status))).toEqual(new Set([503]));
    expect(await issuer.requests()).toBe(1);
    for (let sent = 0; sent < TOKENS; sent += 1) expect((await whoami()).status).toBe(503);
    expect(await issuer.requests()).toBe(1);
  });

  test('known keys stay usable for an hour, with at most one request per half minute', async () => {
    const issuer = await issuerIn('/jwks');
    const start = Date.now();
    const good = await token();
    expect(await issuer.verify(good, start)).toMatchObject({ ok: true });
    await issuer.set('down');
    for (const minutes of [1, 11, 30, 59]) {
      for (let seconds = 0; seconds < 29; seconds += 7) {
        const now = start + minutes * MINUTE_MS + seconds * 1_000;
        expect(await issuer.verify(good, now)).toMatchObject({ ok: true });
        expect(await issuer.verify(await forged(), now)).toMatchObject({ ok: false, status: 401 });
      }
    }
    // One success, and one failure for each of 11, 30 and 59 minutes.
    expect(await issuer.requests()).toBe(4);
    expect(await issuer.verify(good, start + 61 * MINUTE_MS)).toMatchObject({ ok: false, status: 503 });
  });

  test('an unknown key gets 503, with one request per half minute', async () => {
    const issuer = await issuerIn('/first-key');
    const start = Date.now();
    expect(await issuer.verify(await token(), start)).toMatchObject({ ok: true });
    await issuer.set('down');
    const other = await token({}, rsa);
    for (const seconds of [31, 40, 50, 60]) {
      expect(await issuer.verify(other, start + seconds * 1_000)).toMatchObject({ ok: false, status: 503 });
    }
    expect(await issuer.requests()).toBe(2);
    expect(await issuer.verify(await token(), start + MINUTE_MS)).toMatchObject({ ok: true });
  });
});

describe('once the issuer is back', () => {
  test.each(['down', '/broken', '/garbage', '/missing'])(
    'after %s its tokens are accepted within half a minute',
    async (mode) => {
      const issuer = await issuerIn(mode);
      const start = Date.now();
      const good = await token();
      expect(await issuer.verify(good, start)).toMatchObject({ ok: false, status: 503 });
      await issuer.set('/jwks');
      expect(await issuer.verify(good, start + 29_000)).toMatchObject({ ok: false, status: 503 });
      expect(await issuer.verify(good, start + 30_000)).toMatchObject({ ok: true });
      expect(await issuer.requests()).toBe(2);
    },
  );

  test('concurrent tokens wait for the same request for the keys', async () => {
    const issuer = await issuerIn('/jwks');
    const good = await token();
    const verdicts = await Promise.all(Array.from({ length: TOKENS }, () => issuer.verify(good)));
    expect(verdicts.every(({ ok }) => ok)).toBe(true);
    expect(await issuer.requests()).toBe(1);
  });

  test('a new key is accepted half a minute after the last request; until then 401 names "kid"', async () => {
    const issuer = await issuerIn('/first-key');
    const start = Date.now();
    expect(await issuer.verify(await token(), start)).toMatchObject({ ok: true });
    await issuer.set('/jwks');
    const other = await token({}, rsa);
    const refused = { ok: false, status: 401, detail: expect.stringContaining('"kid"') };
    expect(await issuer.verify(other, start + 29_000)).toMatchObject(refused);
    expect(await issuer.verify(other, start + 30_000)).toMatchObject({ ok: true });
  });
});

describe('a token that can be refused without a key', () => {
  test.each<[string, Claims]>([
    ['aud', { aud: 'elsewhere' }],
    ['aud', { aud: undefined }],
    ['exp', { exp: undefined }],
    ['exp', { exp: inSeconds(-1) }],
    ['sub', { sub: undefined }],
    ['sub', { sub: 7 }],
    ['iss', { iss: 'https://other.example/' }],
  ])('with the claim "%s" (%j) is refused by name and causes no request', async (claim, claims) => {
    const issuer = await issuerIn('down');
    const detail: unknown = expect.stringContaining(`claim "${claim}"`);
    expect(await issuer.verify(await token(claims))).toMatchObject({ ok: false, status: 401, detail });
    expect(await issuer.requests()).toBe(0);
  });

  test.each([
    ['none', { alg: 'none' }],
    ['a shared secret', { alg: 'HS256' }],
    ['no algorithm', {}],
  ])('with %s is refused for the header "alg" and causes no request', async (_what, header) => {
    const issuer = await issuerIn('down');
    const [, payload] = (await token()).split('.');
    const unsigned = `${encode(header)}.${payload}.AAAA`;
    const detail: unknown = expect.stringContaining('header "alg"');
    expect(await issuer.verify(unsigned)).toMatchObject({ ok: false, status: 401, detail });
    expect(await issuer.requests()).toBe(0);
  });

  test('without a signature causes no request', async () => {
    const issuer = await issuerIn('down');
    const unsigned = (await token()).replace(/[^.]*$/, '');
    expect(await issuer.verify(unsigned)).toMatchObject({ ok: false, status: 401 });
    expect(await issuer.requests()).toBe(0);
  });

  test('is refused for the claim "nbf" only after its signature is verified', async () => {
    const issuer = await issuerIn('/jwks');
    const detail: unknown = expect.stringContaining('claim "nbf"');
    expect(await issuer.verify(await token({ nbf: inSeconds(60) }))).toMatchObject({ ok: false, detail });
  });
});
