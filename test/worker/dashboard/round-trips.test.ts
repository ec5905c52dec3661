import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { createCountedD1 } from '../support/counted-d1.ts';
import { ask, newUser, send } from './site.ts';

const PAGES = ['/dashboard', '/dashboard/rooms', '/dashboard/documents/notes', '/dashboard/account'];
const OPERATORS_PAGES = ['', '/users', '/rooms', '/erasures'].map((path) => `/dashboard/operators${path}`);
const SIX_DAYS_MS = 6 * 24 * 3_600_000;

/** One for the session, one for the page. */
const ROUND_TRIPS = 2;

type User = Awaited<ReturnType<typeof newUser>>;

async function createUser(name: string, role = 'user'): Promise<User> {
  const user = await newUser(name);
  await run('UPDATE user SET role = ?2 WHERE id = ?1', user.id, role);
  return user;
}

const run = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    .run();

async function countTrips(path: string, headers: Record<string, string>) {
  const counted = createCountedD1();
  const response = await ask(path, { headers }, { DB: counted.DB });
  return { status: response.status, trips: counted.trips, response };
}

const getStatus = async (path: string, cookie: string) => (await ask(path, { headers: { cookie } })).status;

const readExpiry = ({ id }: User) =>
  env.DB.prepare('SELECT expires_at AS at FROM session WHERE user_id = ?').bind(id).first<number>('at');

let user: User;
let operator: User;
beforeAll(async () => {
  [user, operator] = [await createUser('Ada'), await createUser('Olga', 'admin')];
});

describe('a page costs two round trips to D1', () => {
  it.each(PAGES)('for %s', async (path) => {
    const { status, trips } = await countTrips(path, { cookie: user.cookie });
    expect({ status: status === 404 ? 200 : status, trips }).toEqual({ status: 200, trips: ROUND_TRIPS });
  });

  it.each([
    ...OPERATORS_PAGES,
    '/dashboard/operators/user?id=',
    `/dashboard/operators/erasures/${'0'.repeat(32)}`,
  ])('for %s', async (path) => {
    const fullPath = path.endsWith('id=') ? `${path}${user.id}` : path;
    const { status, trips } = await countTrips(fullPath, { cookie: operator.cookie });
    expect({ status: status === 404 ? 200 : status, trips }).toEqual({ status: 200, trips: ROUND_TRIPS });
  });

  it.each(PAGES.filter((path) => path !== '/dashboard/documents/notes'))(
    'for %s that is not modified',
    async (path) => {
      const { response } = await countTrips(path, { cookie: user.cookie });
      const headers = { cookie: user.cookie, 'if-none-match': response.headers.get('etag') ?? '' };
      expect(await countTrips(path, headers)).toMatchObject({ status: 304, trips: ROUND_TRIPS });
    },
  );

  it('and sets no cookie while the session is fresh', async () => {
    const { response } = await countTrips('/dashboard', { cookie: user.cookie });
    const page = await response.text();
    expect(page).toContain(user.email);
    expect(response.headers.getSetCookie()).toEqual([]);
  });
});

describe('a page is not shown', () => {
  it('after its session was deleted', async () => {
    const { cookie, id } = await createUser('Ada');
    await run('DELETE FROM session WHERE user_id = ?', id);
    for (const path of PAGES) expect(await getStatus(path, cookie)).toBe(303);
  });

  it('after its session expired', async () => {
    const { cookie, id } = await createUser('Ada');
    await run('UPDATE session SET expires_at = ?2 WHERE user_id = ?1', id, Date.now() - 1);
    expect(await getStatus('/dashboard', cookie)).toBe(303);
  });

  it('to a banned user, until the ban expires', async () => {
    const { cookie, id } = await createUser('Eve');
    await run('UPDATE user SET banned = 1 WHERE id = ?', id);
    expect(await getStatus('/dashboard', cookie)).toBe(303);
    await run('UPDATE user SET ban_expires = ?2 WHERE id = ?1', id, Date.now() - 1);
    expect(await getStatus('/dashboard', cookie)).toBe(200);
  });

  it('after a sign-out', async () => {
    const { cookie } = await createUser('Ada');
    await send('/sign-out', {}, { cookie });
    for (const path of PAGES) expect(await getStatus(path, cookie)).toBe(303);
  });

  it('with a changed signature of the session cookie', async () => {
    const last = user.cookie.at(-4) === 'A' ? 'B' : 'A';
    const forged = `${user.cookie.slice(0, -4)}${last}${user.cookie.slice(-3)}`;
    expect(await getStatus('/dashboard', forged)).toBe(303);
  });

  it.each(['', 'x', '.', 'x.y', '%', 'x'.repeat(17_000)])(
    'with the malformed session cookie %s',
    async (value) => {
      expect(await getStatus('/dashboard', `__Secure-better-auth.session_token=${value}`)).toBe(303);
    },
  );

  it('for operators to an account that has lost the role', async () => {
    const { cookie, id } = await createUser('Ada', 'admin');
    const path = '/dashboard/operators';
    expect(await getStatus(path, cookie)).toBe(200);
    await run("UPDATE user SET role = 'user' WHERE id = ?", id);
    expect(await getStatus(path, cookie)).toBe(403);
    await run("UPDATE user SET role = 'admin' WHERE id = ?", id);
    expect(await getStatus(path, cookie)).toBe(200);
  });
});

describe('a session that is a day old', () => {
  it('is refreshed by a page, with a new cookie', async () => {
    const someone = await createUser('Ada');
    await run('UPDATE session SET expires_at = expires_at - ?2 WHERE user_id = ?1', someone.id, SIX_DAYS_MS);
    const response = await ask('/dashboard', { headers: { cookie: someone.cookie } });
    expect(response.status).toBe(200);
    expect(response.headers.getSetCookie().join()).toContain('session_token=');
    expect(((await readExpiry(someone)) ?? 0) - Date.now()).toBeGreaterThan(SIX_DAYS_MS);
  });
});
