import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { countedD1 } from '../support/counted-d1.ts';
import { ask, cookieOf, newUser, send } from './site.ts';

const PAGES = ['/dashboard', '/dashboard/rooms', '/dashboard/documents/notes', '/dashboard/account'];
const OPERATORS_PAGES = ['', '/users', '/rooms', '/erasures'].map((path) => `/dashboard/operators${path}`);

type User = Awaited<ReturnType<typeof newUser>>;

/** A user whose browser has seen a page: it has a claim beside its session. */
async function settled(name: string, role = 'user'): Promise<User> {
  const user = await newUser(name);
  await run('UPDATE user SET role = ?2 WHERE id = ?1', user.id, role);
  const response = await ask('/dashboard', { headers: { cookie: user.cookie } });
  expect(response.status).toBe(200);
  const claim = cookieOf(response);
  expect(claim).toContain('rk-claim=');
  return { ...user, cookie: `${user.cookie}; ${claim}` };
}

const run = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    .run();

async function trips(path: string, headers: Record<string, string>) {
  const counted = countedD1();
  const response = await ask(path, { headers }, { DB: counted.DB });
  return { status: response.status, trips: counted.trips, response };
}

let user: User;
let operator: User;
beforeAll(async () => {
  [user, operator] = [await settled('Ada'), await settled('Olga', 'admin')];
});

describe('a page asks D1 once', () => {
  it.each(PAGES)('for %s', async (path) => {
    const { status, trips: made } = await trips(path, { cookie: user.cookie });
    expect({ status: status === 404 ? 200 : status, made }).toEqual({ status: 200, made: 1 });
  });

  it.each([
    ...OPERATORS_PAGES,
    '/dashboard/operators/user?id=',
    `/dashboard/operators/erasures/${'0'.repeat(32)}`,
  ])('for %s', async (path) => {
    const asked = path.endsWith('id=') ? `${path}${user.id}` : path;
    const { status, trips: made } = await trips(asked, { cookie: operator.cookie });
    expect({ status: status === 404 ? 200 : status, made }).toEqual({ status: 200, made: 1 });
  });

  it.each(PAGES.filter((path) => path !== '/dashboard/documents/notes'))(
    'also to find that %s is as it was',
    async (path) => {
      const { response } = await trips(path, { cookie: user.cookie });
      const headers = { cookie: user.cookie, 'if-none-match': response.headers.get('etag') ?? '' };
      expect(await trips(path, headers)).toMatchObject({ status: 304, trips: 1 });
    },
  );

  it('and shows whom it has found', async () => {
    const { response } = await trips('/dashboard', { cookie: user.cookie });
    const page = await response.text();
    expect(page).toContain(user.email);
    expect(response.headers.getSetCookie()).toEqual([]);
  });
});

describe('a claim opens no page', () => {
  it('once its session is over', async () => {
    const { cookie, id } = await settled('Ada');
    await run('DELETE FROM session WHERE user_id = ?', id);
    for (const path of PAGES) expect((await ask(path, { headers: { cookie } })).status).toBe(303);
  });

  it('once its session is over, also where the page would read nothing', async () => {
    const { cookie, id } = await settled('Olga', 'admin');
    const path = '/dashboard/operators/user?id=';
    expect((await trips(path, { cookie })).status).toBe(404);
    await run('DELETE FROM session WHERE user_id = ?', id);
    expect((await trips(path, { cookie })).status).toBe(303);
  });

  it('once its session has expired, or its user is banned', async () => {
    const [expired, banned] = [await settled('Ada'), await settled('Eve')];
    await run('UPDATE session SET expires_at = ?2 WHERE user_id = ?1', expired.id, Date.now() - 1);
    await run('UPDATE user SET banned = 1 WHERE id = ?', banned.id);
    for (const { cookie } of [expired, banned]) {
      expect((await ask('/dashboard', { headers: { cookie } })).status).toBe(303);
    }
  });

  it('for operators once the role is gone, and opens them once it is there', async () => {
    const user = await settled('Ada', 'admin');
    const status = async () => (await trips('/dashboard/operators', { cookie: user.cookie })).status;
    expect(await status()).toBe(200);
    await run("UPDATE user SET role = 'user' WHERE id = ?", user.id);
    expect(await status()).toBe(403);
    await run("UPDATE user SET role = 'admin' WHERE id = ?", user.id);
    expect(await status()).toBe(200);
  });

  it('without the very session cookie that it came with', async () => {
    const other = await settled('Eve');
    const [session = ''] = user.cookie.split('; ');
    const [, claim = ''] = other.cookie.split('; ');
    // Its own session counts, and nothing of the claim: the session is looked up, and the page read once.
    const { response, trips: made } = await trips('/dashboard', { cookie: `${session}; ${claim}` });
    const page = await response.text();
    expect(made).toBe(2);
    expect(page).toContain(user.email);
    expect(page).not.toContain(other.email);
    expect((await ask('/dashboard', { headers: { cookie: claim } })).status).toBe(303);
  });

  it.each(['', 'x', '.', 'e30.', 'W10.x', '%', '[]', 'x'.repeat(5_000)])(
    'where it is not one of ours: %s',
    async (claim) => {
      const [session = ''] = user.cookie.split('; ');
      const headers = { cookie: `${session}; __Secure-rk-claim=${claim}` };
      const response = await ask('/dashboard', { headers });
      expect(response.status).toBe(200);
      // A good one is given in its place.
      expect(cookieOf(response)).toContain('rk-claim=');
    },
  );

  it('of a session that is due to be prolonged without prolonging it', async () => {
    const { cookie, id } = await settled('Ada');
    const sixDays = 6 * 24 * 3_600_000;
    await run('UPDATE session SET expires_at = expires_at - ?2 WHERE user_id = ?1', id, sixDays);
    const response = await ask('/dashboard', { headers: { cookie } });
    expect(response.status).toBe(200);
    expect(response.headers.getSetCookie().join()).toContain('session_token=');
    const left = await env.DB.prepare('SELECT expires_at AS at FROM session WHERE user_id = ?')
      .bind(id)
      .first<number>('at');
    expect((left ?? 0) - Date.now()).toBeGreaterThan(sixDays);
  });

  it('after signing out, which takes it away', async () => {
    const { cookie } = await settled('Ada');
    const response = await send('/sign-out', {}, { cookie });
    expect(response.headers.getSetCookie().join('\n')).toMatch(/rk-claim=; Max-Age=0/);
    expect((await ask('/dashboard', { headers: { cookie } })).status).toBe(303);
  });

  it('is kept from scripts and from other sites', async () => {
    const { cookie } = await newUser();
    const response = await ask('/dashboard', { headers: { cookie } });
    expect(response.headers.getSetCookie().join()).toMatch(
      /__Secure-rk-claim=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure/,
    );
  });
});
