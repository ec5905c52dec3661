import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { deleteInstance } from '../../../src/registry/write/delete-instance.ts';
import { changesSinceStatement } from '../../../src/registry/read/changed-since.ts';
import { ACCESS_INTERVAL_MS } from '../../../src/registry/intervals.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { MAX_TAG_AGE_MS } from '../../../src/registry/http/revision-tag.ts';
import { createApi } from './api.ts';
import { changeNumbers, deleteUser, report, signUp, T0 } from './reports.ts';

const PATHS = ['/api/instances', '/api/usage'];

let user: string;
beforeEach(async () => {
  user = await signUp();
  await upsertInstance(env.DB, report(user, 'a', size(4_096)));
  await upsertInstance(env.DB, report(user, 'b', size(8_192)));
});

const size = (storageBytes: number, at = T0) => ({ measurement: { storageBytes, measuredAt: at } });

async function tagOf(path: string, who = user): Promise<string> {
  const response = await createApi(who).get(path);
  expect(response.status).toBe(200);
  return response.headers.get('etag') ?? '';
}

const poll = (path: string, tag: string, who = user) => createApi(who).get(path, { 'if-none-match': tag });

const rowsReadSince = async (seq: number) =>
  (await changesSinceStatement(env.DB.withSession(), user, seq).all()).meta.rows_read;

/** Changes rooms of another user, each once. */
async function changeOthers(count: number): Promise<void> {
  const other = await signUp();
  await env.DB.batch(
    Array.from({ length: count }, (_, index) =>
      env.DB.prepare(
        `INSERT INTO durable_object_instance (do_name, do_id, created_at, last_accessed_at, seq)
         SELECT ?1, 'ab', 1, 1, 1 + max((SELECT max(seq) FROM durable_object_instance),
           (SELECT coalesce(max(seq), 0) FROM registry_tombstone))`,
      ).bind(`user:${other}:document:${index}`),
    ),
  );
}

describe.each(PATHS)('polling %s', (path) => {
  it('is 304 without a body while the user’s rooms are unchanged, with the bookmark', async () => {
    const tag = await tagOf(path);
    expect(tag).toMatch(/^"[\w.-]+"$/);
    await upsertInstance(env.DB, report(await signUp(), 'of another'));
    for (const named of [tag, `W/${tag}`, `"other", ${tag}`]) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await poll(path, named);
      expect([response.status, response.headers.get('etag'), response.headers.get('cache-control')]).toEqual([
        304,
        tag,
        'private, no-cache',
      ]);
      // oxlint-disable-next-line no-await-in-loop
      expect(await response.text()).toBe('');
      expect(response.headers.get('x-d1-bookmark')).toMatch(/^[0-9a-f-]+$/);
    }
  });

  it.each([
    ['a new size', () => upsertInstance(env.DB, report(user, 'a', size(12_288, T0 + 1)))],
    ['a new room', () => upsertInstance(env.DB, report(user, 'c', size(1)))],
    ['a deletion', () => deleteInstance(env.DB, report(user, 'a'))],
    [
      'a deletion and a recreation',
      async () => {
        await deleteInstance(env.DB, report(user, 'a'));
        await upsertInstance(env.DB, report(user, 'a', { createdAt: T0 + 5, ...size(1, T0 + 5) }));
      },
    ],
  ])('shows %s', async (_, change) => {
    const before = await (await createApi(user).get(path)).text();
    const tag = await tagOf(path);
    await change();
    const response = await poll(path, tag);
    expect(response.status).toBe(200);
    expect(await response.text()).not.toBe(before);
    expect(response.headers.get('etag')).not.toBe(tag);
    expect((await poll(path, response.headers.get('etag') ?? '')).status).toBe(304);
  });

  it('is 200 after the user’s rows were deleted', async () => {
    const tag = await tagOf(path);
    await deleteUser(user);
    expect((await poll(path, tag)).status).toBe(200);
  });

  it('is 304 even after too many changes of others to check, and shows an own change among them', async () => {
    const tag = await tagOf(path);
    await changeOthers(250);
    expect((await poll(path, tag)).status).toBe(304);
    await upsertInstance(env.DB, report(user, 'a', size(12_288, T0 + 1)));
    await changeOthers(250);
    expect((await poll(path, tag)).status).toBe(200);
  });

  it('is 304 for "*"', async () => {
    expect((await poll(path, '*')).status).toBe(304);
  });

  it('ignores tags of another user, old tags and malformed tags', async () => {
    const tag = await tagOf(path);
    expect((await poll(path, tag, await signUp())).status).toBe(200);
    const [at = '', ...rest] = tag.slice(1, -1).split('.');
    const atTime = (ms: number) => `"${[ms.toString(36), ...rest].join('.')}"`;
    const now = Number.parseInt(at, 36);
    for (const other of [
      atTime(now - MAX_TAG_AGE_MS - 60_000),
      atTime(now + 3_600_000),
      '"x"',
      '',
      tag.slice(0, -4),
      tag.repeat(200),
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await poll(path, other)).status, other.slice(0, 80)).toBe(200);
    }
  });
});

describe('polling the list', () => {
  it('is 200 after a later use of a room', async () => {
    const tag = await tagOf('/api/instances');
    await upsertInstance(env.DB, report(user, 'a', { accessedAt: T0 + ACCESS_INTERVAL_MS }));
    expect((await poll('/api/instances', tag)).status).toBe(200);
  });

  it('ignores the tag of another query', async () => {
    const tag = await tagOf('/api/instances?sort=createdAt');
    expect((await poll('/api/instances?sort=createdAt', tag)).status).toBe(304);
    expect((await poll('/api/instances?sort=createdAt&limit=1', tag)).status).toBe(200);
    expect((await poll('/api/usage', tag)).status).toBe(200);
  });

  it('is 304 if the change is on another page', async () => {
    const path = '/api/instances?sort=resourceName&limit=1';
    const tag = await tagOf(path);
    await upsertInstance(env.DB, report(user, 'b', size(12_288, T0 + 1)));
    expect((await poll(path, tag)).status).toBe(304);
  });
});

describe('the cost of a poll', () => {
  it('depends on the changes since, not on the number of rooms', async () => {
    await changeOthers(150);
    const latest = Math.max(...(await changeNumbers()));
    // Two looks beyond the end of an index, and for each change its entry and its row.
    expect(await rowsReadSince(latest)).toBeLessThanOrEqual(2);
    expect(await rowsReadSince(latest - 100)).toBeLessThanOrEqual(202);
    await changeOthers(400);
    expect(await rowsReadSince(latest - 100)).toBeLessThanOrEqual(404);
  });
});
