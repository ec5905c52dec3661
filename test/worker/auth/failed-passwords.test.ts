import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { type Attempt, reserveAttempt, returnAttempt } from '../../../src/auth/passwords/failed-passwords.ts';
import { changeEmail } from '../../../src/auth/accounts/account-actions.ts';
import { signIn } from '../../../src/auth/accounts/page-actions.ts';
import { call, ORIGIN, postJson } from '../support/auth-app.ts';
import { createCountedD1 } from '../support/counted-d1.ts';
import { createEmail, PASSWORD, signUpUser } from '../support/auth-users.ts';
import { breakD1 } from '../support/broken-d1.ts';

const SIGN_IN = '/api/auth/sign-in/email';
const WRONG = 'not the password';
const MINUTE_MS = 60_000;
const NOW = 1_900_000_000_000;

/** As many as an account and an address may have; the next password is not looked at. */
const MAX_OF_ACCOUNT = 10;
const MAX_OF_ADDRESS = 50;

let addresses = 0;
/** A unique address. */
function freshAddress(): string {
  addresses += 1;
  return `2001:db8:${addresses.toString(16)}::1`;
}

async function failTimes(times: number, attempt: Attempt | (() => Attempt), now = NOW): Promise<void> {
  for (let failure = 0; failure < times; failure += 1) {
    const given = typeof attempt === 'function' ? attempt() : attempt;
    expect(await reserveAttempt(env, given, now)).toBeNull();
  }
}

const rows = () => env.DB.prepare('SELECT count(*) AS n FROM failed_password').first<number>('n');

const guess = (email: string, password = WRONG) => postJson(SIGN_IN, { email, password });

const sendForm = (body: string) =>
  call(SIGN_IN, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN },
    body,
  });

describe('wrong passwords', () => {
  test('after ten failures of an account, even the right password is refused for a while', async () => {
    const { email } = await signUpUser();
    for (let attempt = 0; attempt < MAX_OF_ACCOUNT; attempt += 1) {
      expect((await guess(email)).status).toBe(401);
    }
    for (const password of [WRONG, PASSWORD]) {
      const refused = await guess(email.toUpperCase(), password);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(14 * 60);
      expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_FAILURES' });
    }
    expect((await guess((await signUpUser()).email, PASSWORD)).status).toBe(200);
    // As it is once the while is over.
    await env.DB.prepare('UPDATE failed_password SET since = since - ?')
      .bind(16 * MINUTE_MS)
      .run();
    expect((await guess(email, PASSWORD)).status).toBe(200);
  });

  test('a failure counts for the account that Better Auth reads from the body', async () => {
    const { email } = await signUpUser();
    const asForm = (password: string) => new URLSearchParams({ email, password }).toString();
    // Also valid as JSON with another account.
    const asBoth = (password: string) => `{"email":"${createEmail()}","password":"&${asForm(password)}&b="}`;
    for (let attempt = 0; attempt < MAX_OF_ACCOUNT; attempt += 2) {
      for (const body of [asForm(WRONG), asBoth(WRONG)]) expect((await sendForm(body)).status).toBe(401);
    }
    for (const body of [asForm(PASSWORD), asBoth(PASSWORD)]) expect((await sendForm(body)).status).toBe(429);
    expect((await guess(email, PASSWORD)).status).toBe(429);
  });

  test('failures count alike for e-mail addresses without an account', async () => {
    const email = createEmail();
    await failTimes(MAX_OF_ACCOUNT, { account: { email }, address: null }, Date.now());
    expect((await guess(email)).status).toBe(429);
  });

  test('the right password removes the failures of the account', async () => {
    const { email } = await signUpUser();
    for (let attempt = 0; attempt < MAX_OF_ACCOUNT - 1; attempt += 1) await guess(email);
    expect((await guess(email, PASSWORD)).status).toBe(200);
    for (let attempt = 0; attempt < MAX_OF_ACCOUNT; attempt += 1) {
      expect((await guess(email)).status).toBe(401);
    }
  });

  test('after fifty failures from one network, its sign-ins to all accounts are refused', async () => {
    const address = freshAddress();
    const attempt = () => ({ account: { email: createEmail() }, address });
    await failTimes(MAX_OF_ADDRESS - 1, attempt);
    // A right password gives its own attempt back, and no other.
    const right = attempt();
    expect(await reserveAttempt(env, right, NOW)).toBeNull();
    await returnAttempt(env, right, NOW);
    expect(await reserveAttempt(env, attempt(), NOW)).toBeNull();
    expect(await reserveAttempt(env, attempt(), NOW + MINUTE_MS)).toBe(14 * 60);
    const neighbour = address.replace('::1', ':0:aaaa::2');
    expect(await reserveAttempt(env, { ...attempt(), address: neighbour }, NOW)).toBe(15 * 60);
    expect(await reserveAttempt(env, { ...attempt(), address: freshAddress() }, NOW)).toBeNull();
    expect(await reserveAttempt(env, attempt(), NOW + 15 * MINUTE_MS)).toBeNull();
    // An attempt of the past window is not given back to this one.
    await returnAttempt(env, attempt(), NOW);
    await failTimes(MAX_OF_ADDRESS - 1, attempt, NOW + 15 * MINUTE_MS);
    expect(await reserveAttempt(env, attempt(), NOW + 15 * MINUTE_MS)).toBe(15 * 60);
  });

  test('a sign-in from an address with too many failures is refused', async () => {
    const address = freshAddress();
    const { email } = await signUpUser();
    await failTimes(MAX_OF_ADDRESS, () => ({ account: { email: createEmail() }, address }), Date.now());
    const headers = { 'cf-connecting-ip': address };
    expect((await postJson(SIGN_IN, { email, password: PASSWORD }, headers)).status).toBe(429);
    expect((await guess(email, PASSWORD)).status).toBe(200);
  });

  test('failures in a session count too', async () => {
    const { id, cookie } = await signUpUser();
    await failTimes(MAX_OF_ACCOUNT - 1, { account: { userId: id }, address: null }, Date.now());
    const form = { currentPassword: WRONG, newPassword: 'another password' };
    const headers = { cookie, origin: ORIGIN };
    const change = (body: unknown) => postJson('/api/auth/change-password', body, headers);
    expect((await change(form)).status).toBe(400);
    expect((await change({ ...form, currentPassword: PASSWORD })).status).toBe(429);
    expect((await postJson('/api/auth/delete-user', { password: PASSWORD }, headers)).status).toBe(429);
    const request = new Request(`${ORIGIN}/dashboard/account/email`, { method: 'POST', headers });
    expect(await changeEmail(env, request, id, { email: createEmail(), password: PASSWORD })).toMatchObject({
      status: 429,
      message: 'Too many wrong passwords. Try again in 15 minutes.',
    });
    expect((await call('/whoami', { headers: { cookie } })).status).toBe(200);
  });

  test('the form shows how long to wait', async () => {
    const email = createEmail();
    await failTimes(MAX_OF_ACCOUNT, { account: { email }, address: null }, Date.now());
    const request = new Request(`${ORIGIN}/sign-in`, { method: 'POST', headers: { origin: ORIGIN } });
    expect(await signIn(env, request, { email, password: PASSWORD })).toMatchObject({
      status: 429,
      message: 'Too many wrong passwords. Try again in 15 minutes.',
      retryAfter: expect.any(Number),
    });
  });

  test('only failures leave rows; an attempt costs one round trip, or two if the password is right', async () => {
    const address = freshAddress();
    const { email } = await signUpUser();
    const before = await rows();
    const signIn = await postJson(SIGN_IN, { email, password: PASSWORD }, { 'cf-connecting-ip': address });
    expect(signIn.status).toBe(200);
    expect(await rows()).toBe(before);
    const counted = createCountedD1();
    const attempt = { account: { email }, address };
    await reserveAttempt({ ...env, DB: counted.DB }, attempt, NOW);
    expect(counted.trips).toBe(1);
    await returnAttempt({ ...env, DB: counted.DB }, attempt, NOW);
    expect(counted.trips).toBe(2);
  });

  test('refused attempts are not counted', async () => {
    const attempt = { account: { email: createEmail() }, address: freshAddress() };
    await failTimes(MAX_OF_ACCOUNT, attempt, NOW + 1);
    const counted = () =>
      env.DB.prepare('SELECT * FROM failed_password WHERE since = ? ORDER BY key')
        .bind(NOW + 1)
        .all();
    const seen = await counted();
    expect(await reserveAttempt(env, attempt, NOW + MINUTE_MS)).toBe(14 * 60 + 1);
    expect((await counted()).results).toEqual(seen.results);
  });

  test('a password that cannot be counted is not verified and gets 503', async () => {
    const { email } = await signUpUser();
    const troubled = breakD1('fails');
    const refused = await guess(email, PASSWORD);
    troubled.recover();
    expect(refused.status).toBe(503);
    expect((await guess(email, PASSWORD)).status).toBe(200);
  });

  test('new attempts delete rows of past windows', async () => {
    const old = { account: { email: createEmail() }, address: null };
    await env.DB.prepare('DELETE FROM failed_password').run();
    await failTimes(1, old, NOW - 16 * MINUTE_MS);
    await failTimes(1, { account: { email: createEmail() }, address: null }, NOW);
    expect(await rows()).toBe(1);
  });

  test('rows contain no address, no e-mail address and no user id', async () => {
    const email = createEmail();
    await failTimes(1, { account: { email }, address: freshAddress() });
    const { results } = await env.DB.prepare('SELECT * FROM failed_password').all();
    for (const row of results) {
      expect(Object.values(row).map((value) => typeof value)).toEqual(['number', 'number', 'number']);
    }
  });
});
