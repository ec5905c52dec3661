import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { deleteInstance } from '../../../src/registry/write/delete-instance.ts';
import { pruneTombstones } from '../../../src/registry/prune/prune-tombstones.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { bearer, fetchJwt, signUpUser } from '../support/auth-users.ts';
import { send } from '../support/whole-worker.ts';
import { report, signUp, T0 } from './reports.ts';

/** As vitest.config.ts binds it. */
const operator = bearer('test-operator-token-of-at-least-32-characters');

const HOUR_MS = 3_600_000;
const size = (storageBytes: number) => ({ measurement: { storageBytes, measuredAt: T0 } });

interface Body {
  totals: unknown;
  growth: { created: object; deleted: object } | null;
  users: { userId: string; storageBytes: number }[];
  rooms: { resourceName: string }[];
  instances: { resourceName: string }[];
  nextCursor: string | null;
}

async function read(path: string, headers: Record<string, string> = operator): Promise<Body> {
  const response = await send(path, { headers });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return response.json();
}

/** Follows the cursors. */
async function pages(path: string): Promise<Body[]> {
  const first = await read(path);
  const all = [first];
  for (let cursor = first.nextCursor; cursor !== null; cursor = all.at(-1)?.nextCursor ?? null) {
    // Each page needs the cursor of the previous page.
    // oxlint-disable-next-line no-await-in-loop
    all.push(await read(`${path}&cursor=${cursor}`));
  }
  return all;
}

beforeEach(async () => {
  await env.DB.prepare('DELETE FROM user').run();
  await env.DB.prepare('DELETE FROM registry_tombstone').run();
  await env.DB.prepare('DELETE FROM registry_pruned').run();
  await Promise.all(['ada', 'grace', 'kay', 'idle'].map((id) => signUp(id)));
  const reports = [
    report('ada', 'a', size(4_096)),
    report('ada', 'b', { ...size(9_000_000_000), accessedAt: T0 + 7 }),
    report('grace', 'c', { doType: 'workspace', ...size(8_192) }),
    report('grace', 'd'),
    report('kay', 'e', { ...size(8_192), createdAt: T0 + HOUR_MS }),
  ];
  // oxlint-disable-next-line no-await-in-loop
  for (const one of reports) await upsertInstance(env.DB, one);
});

describe('usage for operators', () => {
  it('sums the storage of the rooms of all users', async () => {
    expect((await read('/api/admin/usage')).totals).toEqual({
      users: 3,
      storageBytes: 9_000_020_480,
      instances: 5,
      unmeasured: 1,
      byType: {
        workspace: { storageBytes: 8_192, instances: 1, unmeasured: 0 },
        document: { storageBytes: 9_000_012_288, instances: 4, unmeasured: 1 },
      },
    });
  });

  it('ranks users by storage, then by id', async () => {
    const { users, nextCursor, growth } = await read('/api/admin/usage?by=users');
    expect(users).toEqual([
      {
        userId: 'ada',
        storageBytes: 9_000_004_096,
        instances: 2,
        unmeasured: 0,
        lastAccessedAt: new Date(T0 + 7).toISOString(),
      },
      expect.objectContaining({ userId: 'grace', storageBytes: 8_192, instances: 2, unmeasured: 1 }),
      expect.objectContaining({ userId: 'kay', storageBytes: 8_192, instances: 1 }),
    ]);
    expect([nextCursor, growth]).toEqual([null, null]);
  });

  it('ranks rooms with their owners, unmeasured rooms last', async () => {
    const { rooms } = await read('/api/admin/usage?by=rooms');
    expect(rooms.map(({ resourceName }) => resourceName)).toEqual(['b', 'c', 'e', 'a', 'd']);
    expect(rooms[0]).toEqual({
      userId: 'ada',
      doType: 'document',
      resourceName: 'b',
      doName: 'user:ada:document:b',
      doId: 'ab'.repeat(32),
      storageBytes: 9_000_000_000,
      storageMeasuredAt: new Date(T0).toISOString(),
      createdAt: new Date(T0).toISOString(),
      lastAccessedAt: new Date(T0 + 7).toISOString(),
    });
  });

  it.each(['users', 'rooms'] as const)(
    'pages through %s, each once, with totals on the first',
    async (by) => {
      const [whole] = await pages(`/api/admin/usage?by=${by}`);
      for (const limit of [1, 2]) {
        // oxlint-disable-next-line no-await-in-loop
        const cut = await pages(`/api/admin/usage?by=${by}&limit=${limit}`);
        expect(cut.flatMap((page): object[] => page[by])).toEqual(whole?.[by]);
        expect(cut.map(({ totals }) => totals === null)).toEqual(cut.map((_, index) => index > 0));
      }
    },
  );

  it('shows rooms created and deleted since a time, and null for what is unknown', async () => {
    await deleteInstance(env.DB, report('ada', 'a'));
    await deleteInstance(env.DB, report('kay', 'e', { createdAt: T0 + HOUR_MS }));
    await upsertInstance(
      env.DB,
      report('ada', 'f', { createdAt: T0 + 2 * HOUR_MS, accessedAt: T0 + 2 * HOUR_MS }),
    );
    await upsertInstance(env.DB, report('ada', 'g', { ...size(12_288), createdAt: T0 + 2 * HOUR_MS }));
    const since = new Date(T0 + HOUR_MS).toISOString();
    expect((await read(`/api/admin/usage?since=${since}`)).growth).toEqual({
      since,
      created: { instances: 2, storageBytes: 12_288, unmeasured: 1 },
      // Not the one that came and went since then.
      deleted: { instances: 1 },
    });
    const pruned = await pruneTombstones(
      env.DB,
      { mirroredThrough: null, deletedBefore: Date.now() + HOUR_MS },
      1_000,
    );
    expect(pruned).toBeGreaterThan(0);
    // Unknown, not zero.
    expect((await read(`/api/admin/usage?since=${since}`)).growth).toMatchObject({
      deleted: { instances: null },
    });
    const later = new Date(Date.now() + HOUR_MS).toISOString();
    expect((await read(`/api/admin/usage?since=${later}`)).growth).toMatchObject({
      deleted: { instances: 0 },
    });
    const zoned = encodeURIComponent(since.replace('Z', '+00:00'));
    expect((await read(`/api/admin/usage?since=${zoned}`)).growth).toMatchObject({ since });
  });
});

describe('rooms of a user, for operators', () => {
  it('are what the user sees, with the same filters and pages', async () => {
    const { instances, nextCursor } = await read('/api/admin/instances?userId=ada&sort=resourceName&limit=1');
    expect(instances).toMatchObject([{ resourceName: 'a', doName: 'user:ada:document:a' }]);
    const rest = await read(`/api/admin/instances?userId=ada&sort=resourceName&limit=1&cursor=${nextCursor}`);
    expect(rest).toMatchObject({ userId: 'ada', instances: [{ resourceName: 'b' }], nextCursor: null });
    expect((await read('/api/admin/instances?userId=grace&type=workspace')).instances).toHaveLength(1);
    expect((await read('/api/admin/instances?userId=idle')).instances).toEqual([]);
  });

  it('are 304 when unchanged', async () => {
    const path = '/api/admin/instances?userId=ada';
    const first = await send(path, { headers: operator });
    const headers = { ...operator, 'if-none-match': first.headers.get('etag') ?? '' };
    expect((await send(path, { headers })).status).toBe(304);
    await upsertInstance(env.DB, report('ada', 'new'));
    expect((await send(path, { headers })).status).toBe(200);
  });

  it('are 404 for an unknown user', async () => {
    const response = await send('/api/admin/instances?userId=unknown', { headers: operator });
    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({ field: 'userId' }),
    ]);
  });
});

const PATHS = ['/api/admin/usage', '/api/admin/instances?userId=ada'];

describe.each(PATHS)('%s', (path) => {
  it('is for the operator token and for operators only', async () => {
    const user = await signUpUser();
    const credentials = [
      bearer(user.sessionToken),
      { cookie: user.cookie },
      bearer(await fetchJwt(user)),
    ] as Record<string, string>[];
    const statuses = () =>
      Promise.all(credentials.map(async (headers) => (await send(path, { headers })).status));
    expect((await send(path)).status).toBe(401);
    expect(await statuses()).toEqual([403, 403, 403]);
    await env.DB.prepare("UPDATE user SET role = 'admin' WHERE id = ?").bind(user.id).run();
    expect(await statuses()).toEqual([200, 200, 200]);
    await env.DB.prepare("UPDATE user SET role = 'user' WHERE id = ?").bind(user.id).run();
    expect(await statuses()).toEqual([403, 403, 403]);
    expect((await send(path, { headers: operator })).status).toBe(200);
  });
});

async function refusal(path: string, headers: Record<string, string> = operator) {
  const response = await send(path, { headers });
  const { field } = await response.json<{ field?: string }>();
  return [response.status, response.headers.get('content-type'), field];
}

const malformed = (field: string) => [400, 'application/problem+json', field];

describe('bad parameters', () => {
  it.each([
    ['usage?by=size', 'by'],
    ['usage?since=yesterday', 'since'],
    ['usage?since=2026-11-01', 'since'],
    ['usage?since=2026-11-01T00:00:00', 'since'],
    ['usage?since=2026-02-30T00:00:00Z', 'since'],
    ['usage?since=1700000000000', 'since'],
    ['usage?since=', 'since'],
    ['usage?limit=0', 'limit'],
    ['usage?limit=201', 'limit'],
    ['usage?cursor=x', 'cursor'],
    [`usage?cursor=${'x'.repeat(5_000)}`, 'cursor'],
    ['usage?by=users&by=rooms', 'by'],
    ['instances', 'userId'],
    ['instances?userId=', 'userId'],
    [`instances?userId=${'x'.repeat(1_025)}`, 'userId'],
    ['instances?userId=ada&userId=kay', 'userId'],
    ['instances?userId=ada&sort=userId', 'sort'],
    ['instances?userId=ada&limit=1.5', 'limit'],
    ['instances?userId=ada&cursor=x', 'cursor'],
  ])('%s is refused, naming %s', async (path, field) => {
    expect(await refusal(`/api/admin/${path}`)).toEqual(malformed(field));
  });

  it('of an invalid encoding are 400, not 500', async () => {
    for (const path of ['instances?userId=%ff', 'instances?userId=%00', 'instances?userId=ada&q=%ed%a0%80']) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await send(`/api/admin/${path}`, { headers: operator })).status).toBeLessThan(500);
    }
  });
});

describe('a cursor', () => {
  it('of another ranking, time, list, user or operator is refused', async () => {
    const admin = await signUpUser();
    await env.DB.prepare("UPDATE user SET role = 'admin' WHERE id = ?").bind(admin.id).run();
    const byUsers = (await read('/api/admin/usage?limit=1')).nextCursor;
    const ofAda = (await read('/api/admin/instances?userId=ada&limit=1')).nextCursor;
    const hers = bearer(admin.sessionToken);
    const since = '2026-11-01T00:00:00Z';
    expect(
      await Promise.all([
        refusal(`/api/admin/usage?by=rooms&cursor=${byUsers}`),
        refusal(`/api/admin/usage?since=${since}&cursor=${byUsers}`),
        refusal(`/api/admin/usage?cursor=${ofAda}`),
        refusal(`/api/admin/usage?cursor=${byUsers}`, hers),
        refusal(`/api/admin/instances?userId=grace&cursor=${ofAda}`),
        refusal(`/api/admin/instances?userId=ada&cursor=${ofAda}`, hers),
        refusal(`/api/admin/instances?userId=ada&order=asc&cursor=${ofAda}`),
        refusal(`/api/instances?cursor=${ofAda}`, hers),
      ]),
    ).toEqual(Array.from({ length: 8 }, () => malformed('cursor')));
  });
});
