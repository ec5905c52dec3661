import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { getDecodedColumn } from '../../../src/registry/write/decoded-column.ts';
import { ask, newUser, send } from './site.ts';

const PATH = '/dashboard/operators';
const PAGES = [
  '',
  '/users',
  '/rooms',
  '/erasures',
  '/user?id=x',
  '/erase?id=x',
  `/erasures/${'0'.repeat(32)}`,
];

type User = Awaited<ReturnType<typeof newUser>>;
let operator: User;
let owner: User;
beforeAll(async () => {
  operator = await newUser('Olga');
  await setRole(operator, 'admin');
  owner = await newUser('<i>Ada</i>');
  await addRoom(owner, '<b>notes</b>', 7_000_000_000_000);
});

const setRole = (user: User, role: string) =>
  env.DB.prepare('UPDATE user SET role = ? WHERE id = ?').bind(role, user.id).run();

async function addRoom({ id }: User, resourceName: string, storageBytes: number): Promise<void> {
  const now = Date.now();
  const doName = `user:${id}:document:${encodeURIComponent(resourceName)}`;
  await env.DB.prepare(
    `INSERT INTO durable_object_instance (do_name, do_id, decoded_name, storage_bytes,
       storage_measured_at, created_at, last_accessed_at, seq)
     VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5, (SELECT coalesce(max(seq), 0) + 1 FROM durable_object_instance))`,
  )
    .bind(doName, 'f'.repeat(64), getDecodedColumn(resourceName), storageBytes, now)
    .run();
}

async function page(path: string, { cookie }: User = operator): Promise<string> {
  const response = await ask(`${PATH}${path}`, { headers: { cookie } });
  expect(response.status).toBe(200);
  return response.text();
}

const post = (path: string, fields: Record<string, string>, { cookie }: User = operator) =>
  send(`${PATH}${path}`, fields, { cookie });

describe('the pages for operators', () => {
  it('are 403 for other users, and not linked for them', async () => {
    for (const path of PAGES) {
      const response = await ask(`${PATH}${path}`, { headers: { cookie: owner.cookie } });
      expect(response.status).toBe(403);
      expect(await response.text()).not.toContain('@example.com');
      expect((await ask(`${PATH}${path}`)).headers.get('location')).toContain('/sign-in?next=');
    }
    for (const [path, fields] of [
      ['/mirror/run', { pass: 'incremental' }],
      ['/erase', { id: operator.id, email: operator.email }],
    ] as const) {
      expect((await post(path, fields, owner)).status).toBe(403);
    }
    const dashboard = await ask('/dashboard', { headers: { cookie: owner.cookie } });
    expect(await dashboard.text()).not.toContain(PATH);
  });

  it('follow a change of the role at once', async () => {
    const user = await newUser();
    const status = async () => (await ask(PATH, { headers: { cookie: user.cookie } })).status;
    expect(await status()).toBe(403);
    await setRole(user, 'user,admin');
    expect(await status()).toBe(200);
    await setRole(user, 'user');
    expect(await status()).toBe(403);
  });

  it('do not accept OPERATOR_TOKEN', async () => {
    const headers = { authorization: 'Bearer test-operator-token-of-at-least-32-characters' };
    expect((await ask(PATH, { headers })).status).toBe(303);
  });
});

describe('the status page', () => {
  it('shows that the mirror is off, and refuses runs', async () => {
    expect(await page('')).toContain('Off: the Worker has no');
    const response = await post('/mirror/run', { pass: 'incremental' });
    expect(response.headers.get('location')).toBe(`${PATH}?done=off`);
    expect(await page('?done=off')).toContain('The mirror is off');
  });

  it('refuses an unknown pass', async () => {
    expect((await post('/mirror/run', { pass: 'both' })).status).toBe(400);
  });

  it('is 304 until something changes', async () => {
    const first = await ask(PATH, { headers: { cookie: operator.cookie } });
    const headers = { cookie: operator.cookie, 'if-none-match': first.headers.get('etag') ?? '' };
    expect((await ask(PATH, { headers })).status).toBe(304);
    await env.DB.prepare('INSERT INTO erasure (id, user_id, requested_by, requested_at) VALUES (?, ?, ?, ?)')
      .bind(crypto.randomUUID().replaceAll('-', ''), crypto.randomUUID(), 'user', Date.now())
      .run();
    expect((await ask(PATH, { headers })).status).toBe(200);
  });
});

describe('rankings', () => {
  it('list the largest users and rooms, and escape hostile names', async () => {
    const users = await page('/users');
    expect(users).toContain(`<data value="7000000000000"`);
    expect(users).toContain(owner.email);
    expect(users).toContain('&lt;i&gt;Ada&lt;/i&gt;');
    const rooms = await page('/rooms');
    expect(rooms).toContain('<bdi class="clip">&lt;b&gt;notes&lt;/b&gt;</bdi>');
    for (const shown of [users, rooms]) expect(shown).not.toMatch(/<i>Ada|<b>notes/);
  });

  it('have pages in which each user and room occurs once', async () => {
    const many = await Promise.all(
      Array.from({ length: 60 }, async (_, at) => {
        const id = `paged-${crypto.randomUUID()}`;
        const add = 'INSERT INTO user (id, name, email) VALUES (?1, ?1, ?1)';
        await env.DB.prepare(add).bind(id).run();
        return { id, at };
      }),
    );
    // One after the other: each takes the next change number.
    for (const { id, at } of many) {
      await addRoom({ id, email: id, cookie: '' }, `room-${at}`, 5_000_000_000_000 + (at % 7));
    }
    for (const path of ['/users', '/rooms']) {
      const seen: string[] = [];
      let next: string | undefined = path;
      while (next !== undefined && seen.length < 500) {
        const shown: string = await page(next);
        seen.push(...[...shown.matchAll(/title="(paged-[\w-]+)"/g)].map(([, id]) => id ?? ''));
        const href: string | undefined = /<a href="([^"]+)" rel="next"/.exec(shown)?.[1];
        next = href?.replace(PATH, '').replaceAll('&amp;', '&');
      }
      expect(seen.toSorted()).toEqual(many.map(({ id }) => id).toSorted());
    }
  });

  it('show the first page for a foreign cursor', async () => {
    for (const path of ['/users', '/rooms', '/erasures']) {
      const response = await ask(`${PATH}${path}?cursor=nonsense`, { headers: { cookie: operator.cookie } });
      expect(response.status).toBe(303);
      expect(response.headers.get('location')).toBe(`${PATH}${path}`);
    }
  });
});

describe("a user's page", () => {
  it('shows the account and its rooms', async () => {
    const shown = await page(`/user?id=${owner.id}`);
    expect(shown).toContain(owner.email);
    expect(shown).toContain('&lt;b&gt;notes&lt;/b&gt;');
    expect(shown).toContain('7.0 TB');
  });

  it.each(['', 'x', '%00', 'x'.repeat(2_000), '%E2%80%AE'])('is 404 for the id %s', async (id) => {
    const headers = { cookie: operator.cookie };
    expect((await ask(`${PATH}/user?id=${id}`, { headers })).status).toBe(404);
    expect((await ask(`${PATH}/erase?id=${id}`, { headers })).status).toBe(404);
  });

  it('links to the erasure, which requires the e-mail address', async () => {
    const user = await newUser();
    const ask = await page(`/erase?id=${user.id}`);
    expect(ask).toContain(user.email);
    const wrong = await post('/erase', { id: user.id, email: owner.email });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('id="email-error" role="alert"');
    const response = await post('/erase', { id: user.id, email: user.email });
    expect(response.headers.get('location')).toBe(`${PATH}/erasures`);
    const asked = env.DB.prepare('SELECT id, requested_by AS by FROM erasure WHERE user_id IN (?1, ?2)');
    const key = `sha256:${await hexOfSha256(user.id)}`;
    const erasure = await asked.bind(user.id, key).first<{ id: string; by: string }>();
    expect(erasure?.by).toBe('operator');
    expect(await page('/erasures')).toContain(`${PATH}/erasures/${erasure?.id ?? ''}`);
    const trail = await page(`/erasures/${erasure?.id ?? ''}`);
    expect(trail).toContain('an operator');
    expect(trail).not.toContain(user.email);
  });

  it('does not link operators to their own erasure', async () => {
    expect(await page(`/user?id=${operator.id}`)).not.toContain('/erase?');
    const response = await post('/erase', { id: operator.id, email: operator.email });
    expect(response.status).toBe(400);
    expect(await page('')).toContain('Status');
  });
});

async function hexOfSha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Buffer.from(digest).toString('hex');
}
