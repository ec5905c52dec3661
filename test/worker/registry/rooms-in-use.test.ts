import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { type RoomsInUse, readRoomsInUse } from '../../../src/registry/read/rooms-in-use.ts';
import { ACCESS_INTERVAL_MS } from '../../../src/registry/intervals.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { deleteUser, report, signUp, T0 } from './reports.ts';

/** The resource names of the user's rooms that may be in use. */
async function inUse(userId: string, rest: Partial<RoomsInUse> = {}): Promise<string[]> {
  const names = await readRoomsInUse(env.DB, {
    userId,
    usedSince: T0,
    goneSince: T0,
    after: '',
    limit: 100,
    ...rest,
  });
  return names.map((doName) => decodeURIComponent(doName.split(':').at(-1) ?? ''));
}

describe('rooms in use', () => {
  it('include rooms whose last recorded use was within the access interval before', async () => {
    const user = await signUp();
    for (const ago of [0, 1, ACCESS_INTERVAL_MS - 1, 3_600_000]) {
      await upsertInstance(env.DB, report(user, `${ago} ago`, { accessedAt: T0 - ago }));
    }
    expect(await inUse(user)).toEqual(['0 ago', '1 ago', `${ACCESS_INTERVAL_MS - 1} ago`]);
    expect(await inUse(user, { usedSince: 0 })).toHaveLength(4);
  });

  it('are paged in the order of their names, each once', async () => {
    const user = await signUp();
    const rooms = ['a', 'b', 'c', 'd', 'e'];
    for (const room of rooms) await upsertInstance(env.DB, report(user, room));
    // One that was deleted and recreated stands in both tables.
    await env.DB.prepare('DELETE FROM durable_object_instance WHERE do_name = ?')
      .bind(report(user, 'c').doName)
      .run();
    await upsertInstance(env.DB, report(user, 'c', { createdAt: T0 + 1 }));
    const pages: string[][] = [];
    for (let after = ''; ; after = report(user, pages.at(-1)?.at(-1) ?? '').doName) {
      pages.push(await inUse(user, { after, limit: 2 }));
      if ((pages.at(-1)?.length ?? 0) < 2) break;
    }
    expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('include rooms whose rows were deleted since, not those deleted before', async () => {
    const user = await signUp();
    await upsertInstance(env.DB, report(user, 'deleted long ago'));
    await env.DB.prepare('DELETE FROM durable_object_instance WHERE user_id = ?').bind(user).run();
    await env.DB.prepare('UPDATE registry_tombstone SET deleted_at = ?2 WHERE do_name = ?1')
      .bind(report(user, 'deleted long ago').doName, T0)
      .run();
    await upsertInstance(env.DB, report(user, 'a'));
    const goneSince = Date.now();
    await deleteUser(user);
    expect(await inUse(user, { goneSince })).toEqual(['a']);
  });

  it('are only the user’s own, with any id', async () => {
    const ids = ['ab', 'ab:', 'ab;', 'a', 'ab%', 'AB', 'abc', 'user:ab:', 'https://issuer.example#ab', 'ä'];
    for (const id of ids) {
      await signUp(id);
      await upsertInstance(env.DB, report(id, `of ${id}`));
    }
    for (const id of ids) expect(await inUse(id)).toEqual([`of ${id}`]);
  });

  it('are read without reading rows of other users', async () => {
    const [user, other] = [await signUp(), await signUp()];
    await upsertInstance(env.DB, report(user, 'a'));
    for (let room = 0; room < 50; room++) await upsertInstance(env.DB, report(other, `room ${room}`));
    const prepare = env.DB.prepare.bind(env.DB);
    let rowsRead = 0;
    const counting = new Proxy(env.DB, {
      get(_database, property) {
        if (property !== 'prepare') throw new Error(`unexpected: ${String(property)}`);
        return (sql: string) => ({
          bind: (...parameters: unknown[]) => ({
            all: async () => {
              const answer = await prepare(sql)
                .bind(...parameters)
                .all();
              rowsRead += answer.meta.rows_read;
              return answer;
            },
          }),
        });
      },
    });
    await readRoomsInUse(counting, {
      userId: user,
      usedSince: T0,
      goneSince: T0,
      after: '',
      limit: 100,
    });
    expect(rowsRead).toBeLessThanOrEqual(3);
  });
});
