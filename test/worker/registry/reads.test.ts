import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { deleteInstance } from '../../../src/registry/write/delete-instance.ts';
import { INSTANCE_SORTS } from '../../../src/registry/read/instances-query.ts';
import { instancesStatement, createReader, usageStatement } from '../../../src/registry/read/queries.ts';
import { getRoomsPage, type RoomsPage } from '../../../src/registry/read/rooms-list.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { createApi, instancesPath, list } from './api.ts';
import { report, signUp, T0 } from './reports.ts';

let user: string;
beforeEach(async () => {
  user = await signUp();
});

const size = (storageBytes: number) => ({ measurement: { storageBytes, measuredAt: T0 } });

describe('usage', () => {
  it('sums measured rooms and counts unmeasured ones, overall and by type', async () => {
    await upsertInstance(env.DB, report(user, 'a', size(4_096)));
    await upsertInstance(env.DB, report(user, 'b', size(9_000_000_000)));
    await upsertInstance(env.DB, report(user, 'c'));
    await upsertInstance(env.DB, report(user, 'd', { doType: 'workspace', ...size(8_192) }));
    await upsertInstance(env.DB, report(await signUp(), 'e', size(1)));
    const response = await createApi(user).get('/api/usage');
    expect(await response.json()).toEqual({
      storageBytes: 9_000_012_288,
      instances: 4,
      unmeasured: 1,
      byType: {
        workspace: { storageBytes: 8_192, instances: 1, unmeasured: 0 },
        document: { storageBytes: 9_000_004_096, instances: 3, unmeasured: 1 },
      },
    });
  });

  it('of a user without rooms is 0, not null', async () => {
    const nothing = { storageBytes: 0, instances: 0, unmeasured: 0 };
    expect(await (await createApi(user).get('/api/usage')).json()).toEqual({
      ...nothing,
      byType: { workspace: nothing, document: nothing },
    });
  });
});

describe('a page of the dashboard’s list', () => {
  it('has its position in the list and the totals', async () => {
    for (const [index, name] of ['a1', 'a2', 'b', 'a3'].entries()) {
      // oxlint-disable-next-line no-await-in-loop
      await upsertInstance(env.DB, report(user, name, size(4_096 * (index + 1))));
    }
    const session = env.DB.withSession();
    const query = { sort: 'resourceName', order: 'asc', limit: 2, q: 'A' } as const;
    const first = await getRoomsPage(session, user, query);
    expect(readNames(first)).toEqual(['a1', 'a2']);
    expect(first).toMatchObject({ usage: { storageBytes: 40_960, instances: 4 } });
    expect(first?.page).toMatchObject({ matching: 3, before: 0 });
    const cursor = first?.page.nextCursor ?? '';
    const second = await getRoomsPage(session, user, { ...query, cursor });
    expect(readNames(second)).toEqual(['a3']);
    expect(second?.page).toMatchObject({ matching: 3, before: 2, nextCursor: null });
    expect(await getRoomsPage(session, user, { ...query, q: 'a1', cursor })).toBeNull();
  });
});

describe('bad parameters', () => {
  it.each([
    ['type', 'spreadsheet'],
    ['sort', 'seq'],
    ['order', 'up'],
    ['limit', '0'],
    ['limit', '201'],
    ['limit', '1e1'],
    ['limit', '-1'],
    ['limit', ' 5'],
    ['limit', ''],
    ['limit', '99999999999999999999'],
    ['q', 'x'.repeat(257)],
    ['cursor', 'x'.repeat(100_000)],
  ])('%s is refused with a problem document that names it', async (field, value) => {
    const response = await createApi(user).get(instancesPath({ [field]: value }));
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      status: 400,
      field,
      detail: expect.stringContaining(field),
    });
  });

  it.each(['type', 'q', 'sort', 'order', 'limit', 'cursor'])(
    'with %s given twice are refused',
    async (field) => {
      const value = { type: 'document', q: 'a', sort: 'createdAt', order: 'asc', limit: '5', cursor: 'a' }[
        field
      ];
      const response = await createApi(user).get(`/api/instances?${field}=${value}&${field}=${value}`);
      expect([response.status, await response.json()]).toEqual([400, expect.objectContaining({ field })]);
    },
  );

  it('that are unknown are refused by name, unless they begin with "_"', async () => {
    for (const path of ['/api/instances', '/api/usage/history']) {
      const refused = await createApi(user).get(`${path}?utm_source=mail`);
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({
        field: 'utm_source',
        detail: expect.stringContaining('utm_source'),
      });
      expect((await createApi(user).get(`${path}?_=1&_=2`)).status).toBe(200);
    }
  });

  it.each(['/api/instances', '/api/usage', '/api/usage/history'])(
    'If-None-Match: * at %s is answered 304, with the tag of what there is',
    async (path) => {
      const full = await createApi(user).get(path);
      const any = await createApi(user).get(path, { 'if-none-match': '*' });
      expect([any.status, await any.text()]).toEqual([304, '']);
      const etag = any.headers.get('etag') ?? '';
      expect((await createApi(user).get(path, { 'if-none-match': etag })).status).toBe(304);
      const tag = full.headers.get('etag') ?? '';
      const several = `"other", W/${tag}`;
      expect((await createApi(user).get(path, { 'if-none-match': several })).status).toBe(304);
    },
  );
});

describe('the operator token', () => {
  it.each(['/api/instances', '/api/usage', '/api/usage/history'])('has no rooms: 403 at %s', async (path) => {
    const response = await createApi(null).get(path);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ status: 403, detail: expect.stringContaining('operator') });
  });
});

describe('responses', () => {
  it('are private, must be revalidated, and have a bookmark', async () => {
    for (const path of ['/api/instances', '/api/usage', '/api/usage/history']) {
      // oxlint-disable-next-line no-await-in-loop
      const { headers } = await createApi(user).get(path);
      expect(headers.get('cache-control')).toBe('private, no-cache');
      expect(headers.get('x-d1-bookmark')).toMatch(/^[0-9a-f-]+$/);
    }
  });

  it('do not contain a deleted room, with its bookmark in a header or cookie', async () => {
    const room = report(user, 'gone');
    await upsertInstance(env.DB, room);
    const { bookmark } = await deleteInstance(env.DB, room);
    const credentials = [{ 'x-d1-bookmark': `${bookmark}` }, { cookie: `rk-d1-bookmark=${bookmark}` }];
    for (const headers of credentials) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await createApi(user).get('/api/instances', headers);
      // oxlint-disable-next-line no-await-in-loop
      expect(await response.json()).toEqual({ instances: [], nextCursor: null });
    }
  });

  it('do not fail for a malformed bookmark', async () => {
    const none = [
      'garbage',
      "'; DROP TABLE user",
      '0-',
      '-',
      'f'.repeat(5_000),
      '0000-0000',
      'first-primary',
    ];
    for (const bookmark of none) {
      // oxlint-disable-next-line no-await-in-loop
      const { status } = await createApi(user).get('/api/usage', { 'x-d1-bookmark': bookmark });
      expect(status, bookmark.slice(0, 20)).toBe(200);
    }
  });
});

describe('the cost of a read', () => {
  it("depends on the user's rows, not on the table", async () => {
    const crowd = await signUp();
    const rows = Array.from({ length: 3_000 }, (_, index) => index);
    await env.DB.prepare(
      `INSERT INTO durable_object_instance
         (do_name, do_id, storage_bytes, created_at, last_accessed_at, storage_measured_at, seq)
       SELECT 'user:' || ?1 || ':document:' || value, 'ab', value, value, value, value,
         1000000 + value
       FROM json_each(?2)`,
    )
      .bind(crowd, JSON.stringify(rows))
      .run();
    for (const name of ['a', 'b', 'c']) {
      // oxlint-disable-next-line no-await-in-loop
      await upsertInstance(env.DB, report(user, name, size(4_096)));
    }
    const db = createReader(env.DB.withSession());
    const after = { key: 'a', last: '' };
    const statements = [
      usageStatement(db, user),
      ...INSTANCE_SORTS.map((sort) =>
        instancesStatement(db, user, { sort, order: 'asc', limit: 50, q: 'a' }, after),
      ),
    ];
    for (const statement of statements) {
      const { sql, params } = statement.toSQL();
      // oxlint-disable-next-line no-await-in-loop
      const { meta } = await env.DB.prepare(sql)
        .bind(...params)
        .all();
      // An index entry and its row for each of the three, and the same again to put them in order.
      expect(meta.rows_read, sql).toBeLessThanOrEqual(12);
    }
    expect((await list(crowd, { limit: '200' })).instances).toHaveLength(200);
  });
});

function readNames(found: RoomsPage | null): string[] | undefined {
  return found?.page.instances.map(({ resourceName }) => resourceName);
}
