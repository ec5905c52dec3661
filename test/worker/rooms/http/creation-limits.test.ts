import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import type { Bindings } from '../../../../src/domain/env.ts';
import { MAX_UNCOUNTED_ROOMS_PER_HOUR, REFUSAL_CACHE_MS } from '../../../../src/rooms/limits/user-limits.ts';
import { RawSocket } from '../../support/raw-socket.ts';
import {
  createDocWithText,
  type RoomUser,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
} from '../../support/room-app.ts';
import { breakD1 } from '../../support/broken-d1.ts';

const HOUR_MS = 60 * 60_000;

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const limited = (bindings: Partial<Bindings>) => createRoomUser({ bindings });
const put = (user: RoomUser, name: string, query = '') =>
  user.request(`/documents/${name}${query}`, { method: 'PUT' });
const statusOfPut = async (user: RoomUser, name: string, query = '') => {
  const { status } = await put(user, name, query);
  await user.settle();
  return status;
};
const later = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });

/** Creates rooms at the same time, some by each of the three ways, and counts what came of it. */
async function createAtOnce(user: RoomUser, rooms: number): Promise<Record<string, number>> {
  const outcomes = await Promise.all(
    Array.from({ length: rooms }, async (_, index) => {
      const path = `/documents/room-${index}`;
      if (index % 3 === 0) return (await user.request(path, { method: 'PUT' })).status;
      if (index % 3 === 1) {
        const body = encodeSyncBody(new Uint8Array([0]), Y.encodeStateAsUpdate(createDocWithText('text')));
        return (await user.request(path, { method: 'POST', body })).status;
      }
      const socket = await RawSocket.open(user, path);
      try {
        await socket.waitUntilHandled();
        return 101;
      } catch {
        return (await socket.closed).code;
      }
    }),
  );
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

const isStored = (user: RoomUser, name: string) =>
  runInDurableObject(
    getRoomStub('document', user.userId, name),
    async (_, { storage }) => (await storage.list()).size > 0 || (await storage.getAlarm()) !== null,
  );

async function storedAmong(user: RoomUser, rooms: number): Promise<number> {
  const stored = await Promise.all(
    Array.from({ length: rooms }, (_, index) => isStored(user, `room-${index}`)),
  );
  return stored.filter(Boolean).length;
}

describe('creations an hour', () => {
  it('no more rooms exist than the limit allows, however many are created at once and in whatever way', async () => {
    const user = await limited({ USER_MAX_ROOMS_PER_HOUR: '40' });
    const { 201: put = 0, 200: posted = 0, 101: opened = 0, ...refused } = await createAtOnce(user, 100);
    expect(put + posted + opened).toBe(40);
    expect(Object.keys(refused).toSorted()).toEqual(['429', '4429']);
    expect(await storedAmong(user, 100)).toBe(40);
  });

  it('a refusal says when to come again, and over a WebSocket in its close reason', async () => {
    const user = await limited({ USER_MAX_ROOMS_PER_HOUR: '1' });
    expect(await statusOfPut(user, 'a')).toBe(201);
    const refused = await put(user, 'b');
    expect(refused.status).toBe(429);
    const retryAfter = Number(refused.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(3_500);
    expect(retryAfter).toBeLessThanOrEqual(3_600);
    expect((await refused.json<{ detail: string }>()).detail).toContain('may create 1 rooms an hour');
    const socket = await RawSocket.open(user, '/documents/b');
    expect(await socket.closed).toMatchObject({
      code: 4429,
      reason: expect.stringContaining('1 rooms an hour'),
    });
  });

  it('whoever has used them up still enters and deletes the rooms that are there', async () => {
    const user = await limited({ USER_MAX_ROOMS_PER_HOUR: '1' });
    expect(await statusOfPut(user, 'a')).toBe(201);
    expect(await statusOfPut(user, 'b')).toBe(429);
    expect(await statusOfPut(user, 'a')).toBe(200);
    const socket = await RawSocket.open(user, '/documents/a');
    await socket.waitUntilHandled();
    expect((await user.request('/documents/a', { method: 'DELETE' })).status).toBe(204);
  });

  it('to recreate a deleted room is a creation too, and deletion gives none back within the hour', async () => {
    const user = await limited({ USER_MAX_ROOMS_PER_HOUR: '2' });
    for (const expected of [201, 201, 429]) {
      expect(await statusOfPut(user, 'a')).toBe(expected);
      await user.request('/documents/a', { method: 'DELETE' });
      await user.settle();
    }
  });

  it('the next hour allows as many again', async () => {
    const user = await limited({ USER_MAX_ROOMS_PER_HOUR: '1' });
    expect(await statusOfPut(user, 'a')).toBe(201);
    expect(await statusOfPut(user, 'b')).toBe(429);
    later(HOUR_MS + 1);
    expect(await statusOfPut(user, 'b')).toBe(201);
    expect(await statusOfPut(user, 'c')).toBe(429);
  });
});

describe('rooms of a user', () => {
  it('are no more than the limit, however many are created at once', async () => {
    const user = await limited({ USER_MAX_ROOMS: '40' });
    const { 201: put = 0, 200: posted = 0, 101: opened = 0, ...refused } = await createAtOnce(user, 100);
    expect(put + posted + opened).toBe(40);
    expect(Object.keys(refused).toSorted()).toEqual(['429', '4429']);
    expect(await storedAmong(user, 100)).toBe(40);
  });

  it('a deletion makes space for another one at once', async () => {
    const user = await limited({ USER_MAX_ROOMS: '2' });
    expect(await statusOfPut(user, 'a')).toBe(201);
    expect(await statusOfPut(user, 'b')).toBe(201);
    const refused = await put(user, 'c');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('300');
    for (let times = 0; times < 2; times++) await user.request('/documents/a', { method: 'DELETE' });
    await user.settle();
    later(REFUSAL_CACHE_MS);
    expect(await statusOfPut(user, 'c')).toBe(201);
    later(REFUSAL_CACHE_MS);
    expect(await statusOfPut(user, 'a'), 'a deletion that is repeated counts once').toBe(429);
  });

  it('those from before there was a limit count', async () => {
    const user = await limited({ USER_MAX_ROOMS: '2' });
    for (const name of ['a', 'b']) await getRoomStub('document', user.userId, name).create(false, true);
    for (const name of ['a', 'b']) await runDurableObjectAlarm(getRoomStub('document', user.userId, name));
    expect(await statusOfPut(user, 'c')).toBe(429);
  });

  it('a creation that failed is forgotten once the registry must know of it', async () => {
    const user = await limited({ USER_MAX_ROOMS: '2' });
    expect(await statusOfPut(user, 'a')).toBe(201);
    await env.DB.prepare('UPDATE room_budget SET rooms = 2 WHERE user_id = ?').bind(user.userId).run();
    expect(await statusOfPut(user, 'b')).toBe(429);
    later(3 * 60_000);
    expect(await statusOfPut(user, 'b')).toBe(201);
  });

  it('the count goes with the account', async () => {
    const user = await limited({});
    expect(await statusOfPut(user, 'a')).toBe(201);
    const rows = () =>
      env.DB.prepare('SELECT count(*) AS n FROM room_budget WHERE user_id = ?')
        .bind(user.userId)
        .first<number>('n');
    expect(await rows()).toBe(1);
    await env.DB.prepare('DELETE FROM user WHERE id = ?').bind(user.userId).run();
    expect(await rows()).toBe(0);
  });
});

describe('a registry that cannot count', () => {
  it.each(['fails', 'does not answer'] as const)(
    'that %s keeps no room from being created',
    async (trouble) => {
      const user = await limited({});
      const log = vi.spyOn(console, 'error').mockReturnValue();
      const d1 = breakD1(trouble);
      const created = await put(user, 'a');
      expect(created.status).toBe(201);
      expect(log).toHaveBeenCalledWith(expect.objectContaining({ event: 'room_creation_not_counted' }));
      d1.recover();
      await user.settle();
    },
  );

  it('leaves a smaller limit, which each isolate keeps by itself', async () => {
    const user = await limited({});
    vi.spyOn(console, 'error').mockReturnValue();
    const d1 = breakD1('fails');
    let created = 0;
    for (let index = 0; index <= MAX_UNCOUNTED_ROOMS_PER_HOUR; index++) {
      const { status, headers } = await put(user, `room-${index}`);
      if (status === 201) created += 1;
      else expect([status, Number(headers.get('retry-after')) > 3_000]).toEqual([429, true]);
    }
    expect(created).toBe(MAX_UNCOUNTED_ROOMS_PER_HOUR);
    d1.recover();
    await user.settle();
  });
});

it('a Worker of the previous release, which asks for no leave, creates rooms as before', async () => {
  const user = await limited({});
  const stub = getRoomStub('document', user.userId, 'old');
  expect((await stub.sync(new Uint8Array([0]), new Uint8Array([0, 0]), [])).kind).toBe('reached');
  const upgrade = new Request('http://room.test/', { headers: { upgrade: 'websocket' } });
  const opened = await getRoomStub('document', user.userId, 'older').fetch(upgrade);
  expect(opened.status).toBe(101);
  opened.webSocket?.accept();
  opened.webSocket?.close();
});
