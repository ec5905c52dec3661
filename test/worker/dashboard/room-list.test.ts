import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { report } from '../registry/reports.ts';
import { ask, newUser } from './site.ts';

/** The list of rooms of a new user who has these rooms; `null` is not measured. */
async function roomsOf(
  rooms: Record<string, number | null>,
  { name = 'Ada', path = '/dashboard/rooms', now = Date.now() } = {},
): Promise<string> {
  const { id, cookie } = await newUser(name);
  await Promise.all(
    Object.entries(rooms).map(([room, storageBytes]) =>
      upsertInstance(
        env.DB,
        report(id, room, {
          createdAt: now,
          accessedAt: now - 5 * 60_000,
          measurement: storageBytes === null ? null : { storageBytes, measuredAt: now - 2 * 3_600_000 },
        }),
      ),
    ),
  );
  const response = await ask(path, { headers: { cookie } });
  expect(response.status).toBe(200);
  return response.text();
}

/** The names of the rooms on a page, in its order. */
const namesIn = (page: string) => [...page.matchAll(/<bdi title="([^"]*)">/g)].map(([, name]) => name);

describe('the list of rooms', () => {
  it('without a session redirects to sign-in and back', async () => {
    const response = await ask('/dashboard/rooms?sort=createdAt&order=asc');
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(
      `/sign-in?${new URLSearchParams({ next: '/dashboard/rooms?sort=createdAt&order=asc' }).toString()}`,
    );
  });

  it('shows size, share, measurement and use of each room, largest first', async () => {
    const now = Date.now();
    const page = await roomsOf({ small: 1_000_000, large: 3_000_000 }, { now });
    expect(namesIn(page)).toEqual(['large', 'small']);
    expect(page).toContain('<data value="3000000" title="3,000,000 bytes">3.0 MB</data>');
    expect(page).toContain('<rect width="75.00" height="1"');
    expect(page).toContain('75%');
    expect(page).toContain(`<time data-ago="true" datetime="${new Date(now - 2 * 3_600_000).toISOString()}"`);
    expect(page).toContain('2 hours ago');
    expect(page).toContain('5 minutes ago');
  });

  it('explains a missing size, and sorts it as no size', async () => {
    const page = await roomsOf({ new: null });
    expect(page.replaceAll(/<[^>]*>/g, '')).toContain('never measured: nothing written yet');
    expect(page).not.toContain('NaN');
  });

  it('sorts by name, and ignores an invalid order', async () => {
    const rooms = { b: 3, a: 1, c: 2 };
    expect(namesIn(await roomsOf(rooms, { path: '/dashboard/rooms?sort=resourceName&order=asc' }))).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(namesIn(await roomsOf(rooms, { path: '/dashboard/rooms?sort=drop&order=up' }))).toEqual([
      'b',
      'c',
      'a',
    ]);
  });

  it('has pages for many rooms', async () => {
    const { id, cookie } = await newUser();
    await env.DB.batch(
      Array.from({ length: 120 }, (_, index) => {
        const name = `room ${String(index).padStart(3, '0')}`;
        const { doName } = report(id, name);
        return env.DB.prepare(
          `INSERT INTO durable_object_instance
            (do_name, do_id, decoded_name, created_at, last_accessed_at, seq)
           VALUES (?1, 'ab', ?2, 1, 1,
             1 + (SELECT coalesce(max(seq), 0) FROM durable_object_instance))`,
        ).bind(doName, name);
      }),
    );
    const names: (string | undefined)[] = [];
    let path: string | undefined = '/dashboard/rooms?sort=resourceName&order=asc';
    while (path !== undefined) {
      // Each page names the next.
      // oxlint-disable-next-line no-await-in-loop
      const page: string = await (await ask(path, { headers: { cookie } })).text();
      names.push(...namesIn(page));
      path = /<a href="([^"]*)" rel="next">/.exec(page)?.[1]?.replaceAll('&amp;', '&');
    }
    expect(names).toEqual(
      Array.from({ length: 120 }, (_, index) => `room ${String(index).padStart(3, '0')}`),
    );
  });

  it('redirects a foreign cursor to the first page', async () => {
    const { cookie } = await newUser();
    const response = await ask('/dashboard/rooms?sort=resourceName&order=asc&cursor=nonsense', {
      headers: { cookie },
    });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/dashboard/rooms?sort=resourceName&order=asc');
  });
});

describe('the search', () => {
  it('finds rooms by a part of the name in any case, and shows their number', async () => {
    const rooms = { 'Budget 2026': 3, 'budget 2027': 2, thesis: 9 };
    const page = await roomsOf(rooms, { path: '/dashboard/rooms?q=BUDGET' });
    expect(namesIn(page)).toEqual(['Budget 2026', 'budget 2027']);
    expect(page).toMatch(/role="status"[^>]*>2 rooms</);
    expect(page).toContain('name="q" type="search" value="BUDGET"');
    // Whatever is gone to from here goes on with the same search.
    for (const [, href] of page.matchAll(/href="(\/dashboard\/rooms\?[^"]*sort=resourceName[^"]*)"/g)) {
      expect(href).toContain('q=BUDGET');
    }
  });

  it('filters by type, and by both', async () => {
    const { id, cookie } = await newUser();
    for (const doType of ['document', 'workspace'] as const) {
      for (const name of ['plan', 'notes']) {
        // oxlint-disable-next-line no-await-in-loop
        await upsertInstance(env.DB, report(id, name, { doType }));
      }
    }
    const page = await (await ask('/dashboard/rooms?type=workspace&q=plan', { headers: { cookie } })).text();
    expect([...page.matchAll(/class="name"><a href="([^"]*)"/g)].map(([, href]) => href)).toEqual([
      '/dashboard/workspaces/plan',
    ]);
    expect(page).toMatch(/<a class="workspace" href="[^"]*" aria-current="true"/);
  });

  it.each(['q=nothing+of+this', 'type=workspace', 'type=workspace&q=a'])(
    'offers all rooms where none matches: %s',
    async (query) => {
      const page = await roomsOf({ a: 1 }, { path: `/dashboard/rooms?sort=createdAt&order=asc&${query}` });
      expect(namesIn(page)).toEqual([]);
      expect(page).toMatch(/role="status"[^>]*>No room</);
      expect(page).toContain('<a href="/dashboard/rooms?sort=createdAt&amp;order=asc">Show all rooms</a>');
    },
  );

  it('is not shown without rooms', async () => {
    const page = await roomsOf({});
    expect(page).toContain('No rooms yet');
    expect(page).not.toContain('Show all rooms');
  });

  it('treats %, _, quotes, markup and very long input as text', async () => {
    for (const q of ['%', '_', "'; DROP TABLE user; --", '<script>alert(1)</script>', 'x'.repeat(5_000)]) {
      const path = `/dashboard/rooms?${new URLSearchParams({ q }).toString()}`;
      // oxlint-disable-next-line no-await-in-loop
      const page = await roomsOf({ plain: 1 }, { path });
      expect(page).toContain('Show all rooms');
      expect(page).not.toContain('<script>alert');
    }
  });
});

describe('ten thousand rooms', () => {
  it('are shown fifty per page, with the position of each page', async () => {
    const { id, cookie } = await newUser();
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
       INSERT INTO durable_object_instance
         (do_name, do_id, decoded_name, created_at, last_accessed_at, seq)
       SELECT 'user:' || ?1 || ':document:room%20' || i, 'ab', 'room ' || i, 1, i,
         i + 1 + (SELECT coalesce(max(seq), 0) FROM durable_object_instance) FROM n`,
    )
      .bind(id)
      .run();
    const first = await (
      await ask('/dashboard/rooms?sort=lastAccessedAt&order=asc', { headers: { cookie } })
    ).text();
    expect(namesIn(first)).toHaveLength(50);
    expect(first).toContain('Rooms 1 to 50 of 10,000');
    const next = /<a href="([^"]*)" rel="next">/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const second = await (await ask(next, { headers: { cookie } })).text();
    expect(namesIn(second)[0]).toBe('room 50');
    expect(second).toContain('Rooms 51 to 100 of 10,000');
    expect(second).toContain('<a href="/dashboard/rooms?sort=lastAccessedAt&amp;order=asc" rel="first">');
    expect((await ask('/dashboard', { headers: { cookie } })).status).toBe(200);
  });
});

describe('hostile names', () => {
  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '</bdi></th></table><h1>gone',
    '&lt;b&gt;',
  ])('are shown as what they are, never as markup: %s', async (hostile) => {
    const page = await roomsOf({ [hostile]: 4_096 }, { name: hostile });
    const escaped = hostile
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;');
    expect(page).toContain(`<bdi title="${escaped}">${escaped}</bdi>`);
    expect(page.split(escaped).length - 1).toBe(3);
    if (escaped !== hostile) expect(page).not.toContain(hostile);
  });

  it('with bidi controls show them, and do not reorder other text', async () => {
    expect(await roomsOf({ 'abc\u202Efdp.exe': 1 })).toContain(
      '<bdi title="abc[U+202E]fdp.exe">abc<span class="code-point">U+202E</span>fdp.exe</bdi>',
    );
  });
});
