import { createHash } from 'node:crypto';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { INSTANCE_SORTS } from '../../../src/registry/read/instances-query.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { createApi, instancesPath, list, listAll, readNames } from './api.ts';
import { report, signUp, T0 } from './reports.ts';

let user: string;
beforeEach(async () => {
  user = await signUp();
});

/** Registers a room; later ones were created and used later. */
let clock = 0;
async function register(
  name: string,
  storageBytes: number | null,
  doType: 'document' | 'workspace' = 'document',
) {
  const at = T0 + (clock += 1_000);
  const measurement = storageBytes === null ? null : { storageBytes, measuredAt: at };
  await upsertInstance(
    env.DB,
    report(user, name, { doType, createdAt: at - 500, accessedAt: at, measurement }),
  );
  return at;
}

describe('the list of rooms', () => {
  it('has times in ISO 8601 with milliseconds, and null for unknown values', async () => {
    const at = await register('plan 50%', 8_192, 'workspace');
    await register('new', null);
    const { instances, nextCursor } = await list(user, { sort: 'resourceName' });
    expect(nextCursor).toBeNull();
    expect(instances).toEqual([
      expect.objectContaining({ resourceName: 'new', storageBytes: null, storageMeasuredAt: null }),
      {
        doType: 'workspace',
        resourceName: 'plan 50%',
        doName: `user:${user}:workspace:plan%2050%25`,
        storageBytes: 8_192,
        storageMeasuredAt: new Date(at).toISOString(),
        createdAt: new Date(at - 500).toISOString(),
        lastAccessedAt: new Date(at).toISOString(),
      },
    ]);
  });

  it('never contains rooms of other users', async () => {
    await register('mine', 1);
    const other = await signUp();
    expect(await readNames(other)).toEqual([]);
    expect(await readNames(user)).toEqual(['mine']);
  });

  it('has the most recently used room first by default', async () => {
    await register('first', 1);
    await register('second', 2);
    expect(await readNames(user)).toEqual(['second', 'first']);
    expect(await readNames(user, { order: 'asc' })).toEqual(['first', 'second']);
  });

  it('sorts unmeasured rooms before every size', async () => {
    await register('unmeasured', null);
    await register('small', 0);
    await register('large', 10_000_000_000);
    expect(await readNames(user, { sort: 'storageBytes' })).toEqual(['large', 'small', 'unmeasured']);
    expect(await readNames(user, { sort: 'storageBytes', order: 'asc' })).toEqual([
      'unmeasured',
      'small',
      'large',
    ]);
  });

  it('filters by type', async () => {
    await register('d', 1, 'document');
    await register('w', 1, 'workspace');
    expect(await readNames(user, { type: 'workspace' })).toEqual(['w']);
  });

  it('finds names that contain the text, without wildcards and case-insensitive', async () => {
    for (const name of ['100% done', '100 percent', 'under_score', 'underXscore', 'back\\slash', 'Ünder']) {
      // oxlint-disable-next-line no-await-in-loop
      await register(name, 1);
    }
    expect(await readNames(user, { q: '0%' })).toEqual(['100% done']);
    expect(await readNames(user, { q: 'R_S' })).toEqual(['under_score']);
    expect(await readNames(user, { q: 'k\\s' })).toEqual(['back\\slash']);
    expect(await readNames(user, { q: 'Ü' })).toEqual(['Ünder']);
    expect(await readNames(user, { q: "' OR 1=1 --" })).toEqual([]);
    expect(await readNames(user, { q: '' })).toHaveLength(6);
  });

  it('finds the longest possible name', async () => {
    const name = 'x'.repeat(256);
    await register(name, 1);
    expect(await readNames(user, { q: name })).toEqual([name]);
  });
});

/** Sizes and names with ties, so that the order rests on the tie-breaker too. */
async function registerMany() {
  for (let index = 0; index < 23; index += 1) {
    const size = index % 5 === 0 ? null : (index % 3) * 4_096;
    // oxlint-disable-next-line no-await-in-loop
    await register(`"room" ${index % 12}`, size, index < 12 ? 'document' : 'workspace');
  }
}

describe('pages', () => {
  it.each(
    INSTANCE_SORTS.flatMap((sort) => [
      { sort, order: 'asc' },
      { sort, order: 'desc' },
    ]),
  )('by $sort $order contain each room once, in the order of a single page', async (sorted) => {
    await registerMany();
    const whole = await readNames(user, { ...sorted, limit: '200' });
    expect(whole).toHaveLength(23);
    expect(await listAll(user, { ...sorted, limit: '4' })).toEqual(whole);
  });

  it('end without a cursor, even if the last page is full', async () => {
    await register('a', 1);
    await register('b', 1);
    expect((await list(user, { limit: '2' })).nextCursor).toBeNull();
    expect((await list(user, { limit: '1' })).nextCursor).toEqual(expect.any(String));
  });

  it('repeat no room and skip no unchanged room while rooms are created and deleted', async () => {
    await registerMany();
    const sorted = { sort: 'resourceName', limit: '5' };
    const first = await list(user, sorted);
    await register('"room" ', 1);
    await env.DB.prepare('DELETE FROM durable_object_instance WHERE do_name = ?')
      .bind(first.instances.at(-1)?.doName)
      .run();
    const rest = await listAll(user, { ...sorted, cursor: first.nextCursor ?? '' });
    const names = [...first.instances.map(({ resourceName }) => resourceName), ...rest];
    expect(names).toHaveLength(23);
  });
});

const refusal = async (userId: string, parameters: Record<string, string>) => {
  const response = await createApi(userId).get(instancesPath(parameters));
  return { status: response.status, body: await response.json() };
};

describe('a cursor', () => {
  const asked = { sort: 'storageBytes', order: 'desc', type: 'document', q: 'room', limit: '1' };
  let cursor: string;
  beforeEach(async () => {
    await register('room 1', 1);
    await register('room 2', null);
    cursor = (await list(user, asked)).nextCursor ?? '';
  });

  const refused = {
    status: 400,
    body: expect.objectContaining({ status: 400, field: 'cursor', detail: expect.any(String) }),
  };

  it('continues the list, even with another limit', async () => {
    expect(await readNames(user, { ...asked, limit: '9', cursor })).toEqual(['room 2']);
  });

  it.each([
    ['sort', { sort: 'createdAt' }],
    ['order', { order: 'asc' }],
    ['type', { type: 'workspace' }],
    ['search', { q: 'roo' }],
  ])('of a query with another %s is refused', async (_, changed) => {
    expect(await refusal(user, { ...asked, ...changed, cursor })).toEqual(refused);
  });

  it('of another user is refused', async () => {
    expect(await refusal(await signUp(), { ...asked, cursor })).toEqual(refused);
  });

  it.each([
    ['empty', ''],
    ['not base64url', '~~~'],
    ['not JSON', 'bm90IGpzb24'],
    ['of another form', Buffer.from('{"key":1}').toString('base64url')],
    ['without its fingerprint', Buffer.from('["",1,"user:x"]').toString('base64url')],
    ['of an endless key', Buffer.from('["",1e999,"user:x"]').toString('base64url')],
    ['too long', 'A'.repeat(4_097)],
  ])('that is %s is refused', async (_, cursor) => {
    expect(await refusal(user, { ...asked, cursor })).toEqual(refused);
  });

  it('that is truncated or extended is refused', async () => {
    const cuts = Array.from({ length: 12 }, (_, index) => Math.floor((index * cursor.length) / 12));
    const damaged = [...cuts, cursor.length - 1].map((end) => cursor.slice(0, end));
    for (const other of [...damaged, `${cursor}~`, `${cursor}=`, ` ${cursor}`, cursor + cursor]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await refusal(user, { ...asked, cursor: other }), other).toEqual(refused);
    }
  });

  it.each([
    ['a key of another type', (of: string, key: number, last: string) => [of, `${key}`, last]],
    ['another key', (of: string, key: number, last: string) => [of, key + 1, last]],
    ['another room', (of: string, key: number, last: string) => [of, key, `${last}x`]],
    ['something more', (of: string, key: number, last: string) => [of, key, last, 0]],
  ])('forged with %s is refused', async (_, forge) => {
    const wire: [string, number, string] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify(forge(...wire))).toString('base64url');
    expect(await refusal(user, { ...asked, cursor: forged })).toEqual(refused);
  });

  it('of an earlier version is refused', async () => {
    const [, key, last] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const bound = JSON.stringify([1, user, asked.sort, asked.order, asked.type, asked.q]);
    const fingerprint = createHash('sha256').update(bound).digest('base64url').slice(0, 22);
    const earlier = Buffer.from(JSON.stringify([fingerprint, key, last])).toString('base64url');
    expect(await refusal(user, { ...asked, cursor: earlier })).toEqual(refused);
  });
});
