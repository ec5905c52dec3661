import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { DoType } from '../../../src/domain/instance.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { report } from '../registry/reports.ts';
import { ask, newUser } from './site.ts';

describe('the overview', () => {
  it('without a session redirects to the sign-in page', async () => {
    const response = await ask('/dashboard');
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/sign-in');
    expect((await ask('/')).headers.get('location')).toBe('/dashboard');
  });

  it('without rooms shows how to connect a client to this origin', async () => {
    const { id, cookie } = await newUser();
    const page = await (await ask('/dashboard', { headers: { cookie } })).text();
    expect(page).toContain('No rooms yet');
    expect(page).toContain(`wss://rooms.example/users/${id}/documents`);
    expect(page).toContain(`https://rooms.example/users/${id}/documents/my-first-document`);
    expect(page).toContain('/api/auth/token');
    expect(page).not.toContain('<table');
  });

  it('shows the total, and the number of rooms without a size', async () => {
    const { id, cookie } = await newUser();
    for (const [name, storageBytes] of [
      ['small', 1_000_000],
      ['large', 3_000_000],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      await upsertInstance(env.DB, report(id, name, { measurement: { storageBytes, measuredAt: 1 } }));
    }
    await upsertInstance(env.DB, report(id, 'new'));
    const page = await (await ask('/dashboard', { headers: { cookie } })).text();
    expect(page).toContain('<data value="4000000" title="4,000,000 bytes">4.0 MB</data>');
    expect(page).toContain('1 not measured yet');
    expect(page).not.toContain('NaN');
  });

  it('is 304 until a room changes', async () => {
    const { id, cookie } = await newUser();
    const first = await ask('/dashboard', { headers: { cookie } });
    const etag = first.headers.get('etag') ?? '';
    expect(await first.text()).toContain(`<meta name="etag" content="${etag.replaceAll('"', '&quot;')}"`);
    const again = () => ask('/dashboard', { headers: { cookie, 'if-none-match': etag } });
    const quiet = await again();
    expect([quiet.status, await quiet.text()]).toEqual([304, '']);

    await upsertInstance(
      env.DB,
      report(id, 'notes', { measurement: { storageBytes: 4_096, measuredAt: 1 } }),
    );
    const changed = await again();
    expect(changed.status).toBe(200);
    expect(await changed.text()).toContain('4,096 bytes');
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  it('shows large rooms with links, and small rooms as one area', async () => {
    const { id, cookie } = await newUser();
    await addRooms(id, { 'big/one': 5_000_000, other: 3_000_000 });
    const middling = Array.from({ length: 6 }, (_, index) => [`middling ${index}`, 1_000_000] as const);
    await addRooms(id, Object.fromEntries(middling));
    await addRooms(
      id,
      Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`small ${index}`, 4_096])),
    );
    const page = await (await ask('/dashboard', { headers: { cookie } })).text();
    const boxes = [...page.matchAll(/<a class="box ([a-z]+)" href="([^"]+)"/g)].map(([, type, href]) => [
      type,
      href,
    ]);
    expect(boxes.slice(0, 2)).toEqual([
      ['document', '/dashboard/documents/big%2Fone'],
      ['document', '/dashboard/documents/other'],
    ]);
    expect(boxes[8]).toEqual(['others', '/dashboard/rooms']);
    const table = /<table>.*?<\/table>/s.exec(page)?.[0] ?? '';
    expect(table.match(/<tr>/g)).toHaveLength(10);
    expect(table).toContain('40 other rooms');
    expect(table).toContain(
      '<data value="5000000" title="5,000,000 bytes">5.0 MB</data></td><td class="number">35%</td>',
    );
  });

  it('lists rooms not used for 90 days, largest first, with their total', async () => {
    const { id, cookie } = await newUser();
    const day = 86_400_000;
    await addRooms(id, { fresh: 9_000_000 });
    await addRooms(id, { 'old small': 1_000_000, 'old big': 2_000_000 }, Date.now() - 92 * day);
    await addRooms(id, { nearly: 500_000 }, Date.now() - 89 * day);
    const page = await (await ask('/dashboard', { headers: { cookie } })).text();
    expect(page).toMatch(
      /Not used for 90 days<\/dt><dd><strong>2 <span class="unit">rooms<\/span><\/strong><span class="note"><data value="3000000"[^>]*>3.0 MB<\/data> in them/,
    );
    const list = /aria-labelledby="idle-heading">.*?<\/ol>/s.exec(page)?.[0] ?? '';
    expect([...list.matchAll(/<bdi title="([^"]*)">/g)].map(([, name]) => name)).toEqual([
      'old big',
      'old small',
    ]);
  });

  it('shows the growth and each of the last 30 days from the history', async () => {
    const { id, cookie } = await newUser();
    await addRooms(id, { notes: 4_000_000 });
    const today = Math.floor(Date.now() / 86_400_000);
    await env.DB.batch([
      addDay(id, today - 40, 1_000_000),
      addDay(id, today - 20, 5_500_000),
      addDay(id, today - 7, 3_000_000),
    ]);
    const page = await (await ask('/dashboard', { headers: { cookie } })).text();
    expect(page).toContain(
      '<data class="more" value="1000000" title="1,000,000 bytes">+1.0 MB</data> in 7 days',
    );
    expect(page).toContain(
      '<data class="more" value="3000000" title="3,000,000 bytes">+3.0 MB</data> in 30 days',
    );
    const rows = [...page.matchAll(/<time datetime="(\d{4}-\d\d-\d\d)">.*?title="([\d,]+) bytes"/g)];
    expect(rows).toHaveLength(30);
    expect(rows.map(([, day, bytes]) => [day, bytes])).toContainEqual([isoDay(today - 8), '5,500,000']);
    expect(rows[0]?.slice(1)).toEqual([isoDay(today), '4,000,000']);
    expect(rows[29]?.slice(1)).toEqual([isoDay(today - 29), '1,000,000']);
  });

  it('shows neither days nor growth from before the history began', async () => {
    const { id, cookie } = await newUser();
    await addRooms(id, { notes: 4_000_000 });
    const page = await (await ask('/dashboard', { headers: { cookie } })).text();
    expect(page).toContain('kept since');
    expect(page.match(/not known<\/td>/g)).toHaveLength(29);
    expect(page).not.toMatch(/in (7|30) days/);
  });

  it.each([1, 6])('shows %d room(s) as bars, each with its name, size and share', async (count) => {
    const { id, cookie } = await newUser();
    const sizes = Array.from({ length: count }, (_, index) => [`room ${index}`, 4_000_000] as const);
    await addRooms(id, Object.fromEntries(sizes));
    const page = await (await ask('/dashboard', { headers: { cookie } })).text();
    expect(page).not.toContain('class="bytes-map');
    const bars = /<ul class="room-bars">[\s\S]*?<\/ul>/.exec(page)?.[0] ?? '';
    expect(bars.match(/<li/g)).toHaveLength(count);
    expect(bars).toContain('<a href="/dashboard/documents/room%200">');
    expect(bars).toContain('4.0 MB');
    expect(bars).toContain(count === 1 ? '100%' : '17%');
  });

  it('shows few large rooms as bars, and many small rooms as one bar', async () => {
    const { id, cookie } = await newUser();
    const small = Array.from({ length: 20 }, (_, index) => [`small ${index}`, 4_096] as const);
    await addRooms(id, { large: 900_000_000, ...Object.fromEntries(small) });
    const page = await (await ask('/dashboard', { headers: { cookie } })).text();
    expect(page).not.toContain('class="bytes-map');
    expect(page).toContain('20 other rooms');
  });

  it('shows rooms that are all too small by type, with links', async () => {
    const { id, cookie } = await newUser();
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`room ${index}`, 4_096]));
    await addRooms(id, many);
    await addRooms(id, many, Date.now(), 'workspace');
    const page = await (await ask('/dashboard', { headers: { cookie } })).text();
    const bars = /<ul class="room-bars">[\s\S]*?<\/ul>/.exec(page)?.[0] ?? '';
    expect(bars).toContain('<a href="/dashboard/rooms?type=document">300 documents</a>');
    expect(bars).toContain('<a href="/dashboard/rooms?type=workspace">300 workspaces</a>');
    expect(page).toContain('class="pictures few"');
  });

  it.each(['</title></svg><script>alert(1)</script>', '"><img src=x onerror=alert(1)>', 'x\u202Efdp.exe'])(
    'shows a hostile name as what it is, in the picture too: %s',
    async (hostile) => {
      const { id, cookie } = await newUser();
      const others = Array.from({ length: 8 }, (_, index) => [`room ${index}`, 4_000_000] as const);
      await addRooms(id, { [hostile]: 4_000_000, ...Object.fromEntries(others) });
      const page = await (await ask('/dashboard', { headers: { cookie } })).text();
      if (/[<"]/.test(hostile)) expect(page).not.toContain(hostile);
      const shown = hostile.replace('\u202E', '[U+202E]');
      expect(page).toContain(
        `<title>\u2068${shown.replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')}\u2069 · document`,
      );
    },
  );
});

/** @param day since 1970-01-01, UTC */
function isoDay(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

async function addRooms(
  userId: string,
  sizes: Record<string, number>,
  usedAt = Date.now(),
  doType: DoType = 'document',
): Promise<void> {
  for (const [name, storageBytes] of Object.entries(sizes)) {
    const measurement = { storageBytes, measuredAt: usedAt };
    // oxlint-disable-next-line no-await-in-loop
    await upsertInstance(
      env.DB,
      report(userId, name, { doType, createdAt: usedAt, accessedAt: usedAt, measurement }),
    );
  }
}

/** A day in the past, as the trigger would have left it. */
function addDay(userId: string, day: number, bytes: number): D1PreparedStatement {
  return env.DB.prepare(
    `INSERT INTO user_storage_day (user_id, day, opened_bytes, storage_bytes, changed_at, byte_seconds, steps, seq)
     VALUES (?1, ?2, 0, ?3, ?2 * 86400, 0, json_array(json_array(0, ?3)), 1)`,
  ).bind(userId, day, bytes);
}
