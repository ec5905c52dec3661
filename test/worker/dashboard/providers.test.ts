import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ask, readCookie, newUser, ORIGIN, PASSWORD, send } from './site.ts';

const CONFIGURED = {
  GITHUB_CLIENT_ID: 'github-id',
  GITHUB_CLIENT_SECRET: 'github-secret',
  GOOGLE_CLIENT_ID: 'google-id',
  GOOGLE_CLIENT_SECRET: 'google-secret',
};
const SECRETS = ['gho_access', 'github-secret'];

/** Who GitHub says that is. */
let person = { id: 1, login: 'ada', name: 'Ada', email: 'ada@example.com', verified: true };
/** What GitHub was asked. */
let asked: Request[] = [];
let ids = Math.floor(Math.random() * 1e9);

/** Stands in for GitHub, whose addresses Better Auth has fixed: everything else is the real thing. */
beforeEach(() => {
  asked = [];
  ids += 1;
  person = { id: ids, login: 'ada', name: 'Ada', email: `ada-${ids}@example.com`, verified: true };
  const really = globalThis.fetch;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const { hostname, pathname } = new URL(request.url);
    if (!hostname.endsWith('github.com')) return really(request);
    asked.push(request.clone());
    if (pathname === '/login/oauth/access_token') {
      const code = new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer())).get('code');
      if (code !== 'good') return Response.json({ error: 'bad_verification_code' });
      return Response.json({
        access_token: 'gho_access',
        token_type: 'bearer',
        scope: 'read:user,user:email',
      });
    }
    const { id, login, name, email, verified } = person;
    if (pathname === '/user') return Response.json({ id, login, name, email, avatar_url: '' });
    return Response.json([{ email, primary: true, verified }]);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const withCookie = (cookie: string) => (cookie === '' ? {} : { cookie });

/** Goes to GitHub from a page here, as `send` would, with the providers configured. */
async function leave(path: string, fields: Record<string, string>, cookie = '') {
  const body = new URLSearchParams({ provider: 'github', ...fields }).toString();
  const headers = {
    origin: ORIGIN,
    'content-type': 'application/x-www-form-urlencoded',
    ...withCookie(cookie),
  };
  const response = await ask(path, { method: 'POST', headers, body }, CONFIGURED);
  const url = new URL(response.headers.get('location') ?? ORIGIN, ORIGIN);
  return { response, url, state: url.searchParams.get('state') ?? '', cookie: readCookie(response) };
}

/** Comes back from GitHub. */
async function comeBack(left: Awaited<ReturnType<typeof leave>>, query: Record<string, string>, cookie = '') {
  const search = new URLSearchParams({ state: left.state, ...query }).toString();
  const cookies = [cookie, left.cookie].filter((some) => some !== '').join('; ');
  return ask(`/api/auth/callback/github?${search}`, { headers: withCookie(cookies) }, CONFIGURED);
}

async function signInByGitHub(query: Record<string, string> = { code: 'good' }): Promise<Response> {
  return comeBack(await leave('/sign-in/with', { next: '/dashboard/rooms' }), query);
}

const page = async (path: string, cookie = '') =>
  (await ask(path, { headers: withCookie(cookie) }, CONFIGURED)).text();

describe('sign-in with a provider', () => {
  it('is offered only if it is configured', async () => {
    for (const path of ['/sign-in', '/sign-up']) {
      expect(await page(path)).toContain('Continue with GitHub');
      expect(await page(path)).toContain('Continue with Google');
      const plain = await ask(path);
      expect(await plain.text()).not.toContain('Continue with');
      expect(plain.headers.get('content-security-policy')).toContain("form-action 'self';");
    }
    const offered = await ask('/sign-in', {}, CONFIGURED);
    expect(offered.headers.get('content-security-policy')).toContain(
      "form-action 'self' https://github.com https://accounts.google.com;",
    );
    const half = { GITHUB_CLIENT_ID: 'github-id' };
    expect(await (await ask('/sign-in', {}, half)).text()).not.toContain('GitHub');
    expect((await send('/sign-in/with', { provider: 'github' })).status).toBe(404);
  });

  it('redirects to the provider with a new state', async () => {
    const { response, url, state } = await leave('/sign-in/with', {});
    expect(response.status).toBe(303);
    expect(url.origin + url.pathname).toBe('https://github.com/login/oauth/authorize');
    expect(url.searchParams.get('redirect_uri')).toBe(`${ORIGIN}/api/auth/callback/github`);
    expect(state.length).toBeGreaterThan(20);
    const google = await leave('/sign-in/with', { provider: 'google' });
    expect(google.url.origin).toBe('https://accounts.google.com');
    expect(google.url.searchParams.get('client_id')).toBe('google-id');
    for (const { href } of [url, google.url]) expect(href).not.toContain('secret');
  });

  it('creates an account the first time, and finds it again', async () => {
    const first = await signInByGitHub();
    expect(first.status).toBe(302);
    expect(first.headers.get('location')).toBe('/dashboard/rooms');
    const shown = await page('/dashboard/account', readCookie(first));
    expect(shown).toContain(person.email);
    expect(shown).toContain('your only way to sign in');
    expect(shown).toContain('Set password');
    person.name = 'Countess';
    const again = await signInByGitHub();
    expect(await page('/dashboard/account', readCookie(again))).toContain(person.email);
    const users = env.DB.prepare('SELECT count(*) AS n FROM user WHERE email = ?').bind(person.email);
    expect(await users.first('n')).toBe(1);
  });

  it('stores no token of the provider', async () => {
    await signInByGitHub();
    const { results } = await env.DB.prepare('SELECT * FROM account WHERE account_id = ?')
      .bind(String(person.id))
      .all();
    expect(results).toHaveLength(1);
    for (const secret of SECRETS) expect(JSON.stringify(results)).not.toContain(secret);
  });

  it.each([
    ['not verified there', false, true],
    ['not verified here', true, false],
  ])('joins no account whose address is %s', async (_, there, here) => {
    const { id, email } = await newUser();
    await env.DB.prepare('UPDATE user SET email_verified = ?2 WHERE id = ?1')
      .bind(id, here ? 1 : 0)
      .run();
    Object.assign(person, { email, verified: there });
    const response = await signInByGitHub();
    const location = response.headers.get('location') ?? '';
    expect(location).toContain('/sign-in?next=%2Fdashboard%2Frooms&error=account_not_linked');
    expect(readCookie(response)).not.toMatch(/session_token=[^;]/);
    expect(await page(location)).toContain('An account with this e-mail address exists already.');
  });

  it.each([
    [{ error: 'access_denied' }, 'you did not agree'],
    [{ code: 'bad' }, 'failed. Try again'],
    [{ error: '<script>' }, 'failed. Try again'],
  ])('says kindly what came of %j, and nothing of what the address says', async (query, said) => {
    const response = await signInByGitHub(query);
    expect(response.status).toBe(302);
    const shown = await page(response.headers.get('location') ?? '');
    expect(shown).toContain(said);
    expect(shown).not.toContain('<script>"');
  });

  it.each(['', 'forged'])('refuses the state %j', async (state) => {
    const left = await leave('/sign-in/with', {});
    const response = await comeBack({ ...left, state }, { code: 'good' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toMatch(/^(https:\/\/rooms\.example)?\/sign-in\?error=/);
    expect(asked).toEqual([]);
  });

  it('refuses a state of another browser', async () => {
    const left = await leave('/sign-in/with', {});
    const response = await comeBack({ ...left, cookie: '' }, { code: 'good' });
    expect(response.headers.get('location')).toContain('/sign-in?error=');
    expect(readCookie(response)).not.toMatch(/session_token=[^;]/);
  });

  it('never redirects to another site', async () => {
    const left = await leave('/sign-in/with', { next: 'https://evil.example/' });
    expect((await comeBack(left, { code: 'good' })).headers.get('location')).toBe('/dashboard');
  });

  it('refuses a locked account', async () => {
    await signInByGitHub();
    await env.DB.prepare('UPDATE user SET banned = 1 WHERE email = ?').bind(person.email).run();
    const response = await signInByGitHub();
    expect(readCookie(response)).not.toMatch(/session_token=[^;]/);
    expect(response.status).toBe(302);
    expect(await page(response.headers.get('location') ?? '')).toContain('role="alert"');
  });
});

describe('linking a provider account', () => {
  const PATH = '/dashboard/account';

  it('allows sign-in with either account until it is unlinked', async () => {
    const { email, cookie } = await newUser();
    person.email = email;
    const response = await comeBack(await leave(`${PATH}/link`, {}, cookie), { code: 'good' }, cookie);
    expect(response.headers.get('location')).toBe(`${PATH}?done=link`);
    expect(await page(PATH, cookie)).toContain('aria-label="Unlink GitHub"');
    expect((await signInByGitHub()).headers.get('location')).toBe('/dashboard/rooms');
    const unlinked = await send(`${PATH}/unlink`, { provider: 'github' }, { cookie });
    expect(unlinked.headers.get('location')).toBe(`${PATH}?done=unlink`);
    expect(await page(PATH, cookie)).toContain('aria-label="Link GitHub"');
    expect((await send('/sign-in', { email, password: PASSWORD })).status).toBe(303);
  });

  it.each([
    ['has another address', { email: 'else@example.com' }],
    ['has not verified its address', { verified: false }],
  ])('is refused where that one %s', async (_, other) => {
    const { email, cookie } = await newUser();
    Object.assign(person, { email, ...other });
    const response = await comeBack(await leave(`${PATH}/link`, {}, cookie), { code: 'good' }, cookie);
    const location = response.headers.get('location') ?? '';
    expect(location).toContain(`${PATH}?error=`);
    const shown = await page(location, cookie);
    expect(shown).toMatch(/class="error banner" role="alert">[^<]*linked/);
    expect(shown).toContain('aria-label="Link GitHub"');
  });

  it('cannot be undone if it is the only way to sign in', async () => {
    const cookie = readCookie(await signInByGitHub());
    const response = await send(`${PATH}/unlink`, { provider: 'github' }, { cookie });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('This is the only way to sign in');
  });

  it('allows setting a password for sign-in', async () => {
    const cookie = readCookie(await signInByGitHub());
    const response = await send(`${PATH}/new-password`, { newPassword: PASSWORD }, { cookie });
    expect(response.headers.get('location')).toBe(`${PATH}?done=new-password`);
    expect((await send('/sign-in', { email: person.email, password: PASSWORD })).status).toBe(303);
  });
});
