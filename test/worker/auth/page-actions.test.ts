import { env } from 'cloudflare:workers';
import { HTTPException } from 'hono/http-exception';
import { describe, expect, test } from 'vitest';
import { currentUser, signIn, signOut, signUp } from '../../../src/auth/accounts/page-actions.ts';
import { ORIGIN } from '../support/auth-app.ts';
import {
  createBrokenDatabase,
  getCookieHeader,
  createEmail,
  PASSWORD,
  signUpUser,
} from '../support/auth-users.ts';

/** A form sent from a page, by default of this site. */
function form(headers: Record<string, string> = {}): Request {
  return new Request(`${ORIGIN}/sign-in`, { method: 'POST', headers: { origin: ORIGIN, ...headers } });
}

function page(cookie?: string): Request {
  return new Request(`${ORIGIN}/dashboard`, cookie === undefined ? {} : { headers: { cookie } });
}

describe('the forms of the pages', () => {
  test('sign-up and sign-in start a session, sign-out ends it', async () => {
    const email = createEmail();
    const up = await signUp(env, form(), { name: 'Ada', email, password: PASSWORD });
    if (!up.ok) throw new Error(up.message);
    const cookie = getCookieHeader(up.setCookies);
    expect(await currentUser(page(cookie), env)).toMatchObject({ name: 'Ada', email, isOperator: false });

    const out = await signOut(env, form({ cookie }));
    if (!out.ok) throw new Error(out.message);
    expect(out.setCookies.join()).toMatch(/Max-Age=0/);
    expect(await currentUser(page(cookie), env)).toBeNull();

    const back = await signIn(env, form(), { email, password: PASSWORD });
    if (!back.ok) throw new Error(back.message);
    expect(await currentUser(page(getCookieHeader(back.setCookies)), env)).toMatchObject({ email });
  });

  test.each([
    ['email', { name: 'Ada', email: 'ada', password: PASSWORD }],
    ['email', { name: 'Ada', email: '', password: PASSWORD }],
    ['password', { name: 'Ada', email: 'ada@example.com', password: 'short' }],
    ['password', { name: 'Ada', email: 'ada@example.com', password: '' }],
    ['password', { name: 'Ada', email: 'ada@example.com', password: 'x'.repeat(129) }],
    ['name', { name: 'x'.repeat(201), email: 'ada@example.com', password: PASSWORD }],
  ])('an invalid %s is reported at its input', async (field, given) => {
    expect(await signUp(env, form(), given)).toMatchObject({ ok: false, status: 400, field });
  });

  test('an e-mail address that is taken is reported at its input', async () => {
    const { email } = await signUpUser();
    const result = await signUp(env, form(), { name: 'Eve', email, password: PASSWORD });
    expect(result).toMatchObject({ ok: false, status: 422, field: 'email' });
  });

  test('a wrong password is reported without an input', async () => {
    const { email } = await signUpUser();
    const result = await signIn(env, form(), { email, password: 'not the password' });
    expect(result).toMatchObject({ ok: false, status: 401 });
    expect(result).not.toHaveProperty('field');
  });

  test('a form of another site neither starts nor ends a session', async () => {
    const { email, cookie } = await signUpUser();
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'https://app.example' },
      { origin: 'null' },
    ]) {
      expect(await signIn(env, form(headers), { email, password: PASSWORD })).toMatchObject({ status: 403 });
      expect(await signOut(env, form({ ...headers, cookie }))).toMatchObject({ status: 403 });
    }
    expect(await currentUser(page(cookie), env)).not.toBeNull();
  });

  test('sign-in attempts by form are limited like those by API', async () => {
    const request = form({ 'cf-connecting-ip': '192.0.2.77' });
    const guess = () => signIn(env, request, { email: 'unknown@example.com', password: PASSWORD });
    for (let attempt = 0; attempt < 3; attempt += 1) expect(await guess()).toMatchObject({ status: 401 });
    expect(await guess()).toMatchObject({ ok: false, status: 429 });
  });
});

describe('the user of a page', () => {
  test('is null without a valid cookie', async () => {
    expect(await currentUser(page(), env)).toBeNull();
    expect(await currentUser(page('__Secure-better-auth.session_token=x.y'), env)).toBeNull();
  });

  test('is null if banned', async () => {
    const { cookie, id } = await signUpUser();
    await env.DB.prepare('UPDATE user SET banned = 1 WHERE id = ?').bind(id).run();
    expect(await currentUser(page(cookie), env)).toBeNull();
  });

  test('keeps the session by using the pages', async () => {
    const { cookie, id } = await signUpUser();
    expect((await currentUser(page(cookie), env))?.setCookies.join()).not.toContain('session_token');
    const sixDays = 6 * 24 * 3_600_000;
    await env.DB.prepare('UPDATE session SET expires_at = expires_at - ? WHERE user_id = ?')
      .bind(sixDays, id)
      .run();
    const user = await currentUser(page(cookie), env);
    expect(user?.setCookies.join()).toMatch(/session_token=/);
    const row = await env.DB.prepare('SELECT expires_at FROM session WHERE user_id = ?').bind(id).first();
    expect(Number(row?.['expires_at']) - Date.now()).toBeGreaterThan(sixDays);
  });

  test('gets 503 while the database is unreachable', async () => {
    const { cookie } = await signUpUser();
    const look = currentUser(page(cookie), { ...env, DB: createBrokenDatabase() });
    await expect(look).rejects.toSatisfy((error) => error instanceof HTTPException && error.status === 503);
  });
});
