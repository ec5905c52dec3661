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

const createLimitedUser = (bindings: Partial<Bindings>) => createRoomUser({ bindings });
const put = (user: RoomUser, name: string, query = '') =>
  user.request(`/documents/${name}${query}`, { method: 'PUT' });
const putAndSettle = async (user: RoomUser, name: string, query = '') => {
  const { status } = await put(user, name, query);
  await user.settle();
  return status;
};
const advanceClock = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });

/** Creates rooms concurrently by PUT, POST and WebSocket. @returns the number of each status */
async function createConcurrently(user: RoomUser, rooms: number): Promise<Record<string, number>> {
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

async function countStored(user: RoomUser, rooms: number): Promise<number> {
  const stored = await Promise.all(
    Array.from({ length: rooms }, (_, index) => isStored(user, `room-${index}`)),
  );
  return stored.filter(Boolean).length;
}

describe('the limit of creations per hour', () => {
  it('holds for concurrent creations by PUT, POST and WebSocket', async () => {
    const user = await createLimitedUser({ USER_MAX_ROOMS_PER_HOUR: '40' });
    const {
      201: put = 0,
      200: posted = 0,
      101: opened = 0,
      ...refused
    } = await createConcurrently(user, 100);
    expect(put + posted + opened).toBe(40);
    expect(Object.keys(refused).toSorted()).toEqual(['429', '4429']);
    expect(await countStored(user, 100)).toBe(40);
  });

  it('answers 429 with Retry-After, and closes a WebSocket with 4429 and a reason', async () => {
    const user = await createLimitedUser({ USER_MAX_ROOMS_PER_HOUR: '1' });
    expect(await putAndSettle(user, 'a')).toBe(201);
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

  it('does not apply to opening and deleting existing rooms', async () => {
    const user = await createLimitedUser({ USER_MAX_ROOMS_PER_HOUR: '1' });
    expect(await putAndSettle(user, 'a')).toBe(201);
    expect(await putAndSettle(user, 'b')).toBe(429);
    expect(await putAndSettle(user, 'a')).toBe(200);
    const socket = await RawSocket.open(user, '/documents/a');
    await socket.waitUntilHandled();
    expect((await user.request('/documents/a', { method: 'DELETE' })).status).toBe(204);
  });

  it('counts recreations of deleted rooms, and a deletion does not reduce the count', async () => {
    const user = await createLimitedUser({ USER_MAX_ROOMS_PER_HOUR: '2' });
    for (const expected of [201, 201, 429]) {
      expect(await putAndSettle(user, 'a')).toBe(expected);
      await user.request('/documents/a', { method: 'DELETE' });
      await user.settle();
    }
  });

  it('starts again in the next hour', async () => {
    const user = await createLimitedUser({ USER_MAX_ROOMS_PER_HOUR: '1' });
    expect(await putAndSettle(user, 'a')).toBe(201);
    expect(await putAndSettle(user, 'b')).toBe(429);
    advanceClock(HOUR_MS + 1);
    expect(await putAndSettle(user, 'b')).toBe(201);
    expect(await putAndSettle(user, 'c')).toBe(429);
  });
});

describe('the limit of rooms per user', () => {
  it('holds for concurrent creations', async () => {
    const user = await createLimitedUser({ USER_MAX_ROOMS: '40' });
    const {
      201: put = 0,
      200: posted = 0,
      101: opened = 0,
      ...refused
    } = await createConcurrently(user, 100);
    expect(put + posted + opened).toBe(40);
    expect(Object.keys(refused).toSorted()).toEqual(['429', '4429']);
    expect(await countStored(user, 100)).toBe(40);
  });

  it('allows another room at once after a deletion', async () => {
    const user = await createLimitedUser({ USER_MAX_ROOMS: '2' });
    expect(await putAndSettle(user, 'a')).toBe(201);
    expect(await putAndSettle(user, 'b')).toBe(201);
    const refused = await put(user, 'c');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('300');
    for (let times = 0; times < 2; times++) await user.request('/documents/a', { method: 'DELETE' });
    await user.settle();
    advanceClock(REFUSAL_CACHE_MS);
    expect(await putAndSettle(user, 'c')).toBe(201);
    advanceClock(REFUSAL_CACHE_MS);
    expect(await putAndSettle(user, 'a'), 'a repeated deletion counts once').toBe(429);
  });

  it('counts rooms that were created before the limit existed', async () => {
    const user = await createLimitedUser({ USER_MAX_ROOMS: '2' });
    for (const name of ['a', 'b']) await getRoomStub('document', user.userId, name).create(false, true);
    for (const name of ['a', 'b']) await runDurableObjectAlarm(getRoomStub('document', user.userId, name));
    expect(await putAndSettle(user, 'c')).toBe(429);
  });

  it('stops counting a failed creation after three minutes', async () => {
    const user = await createLimitedUser({ USER_MAX_ROOMS: '2' });
    expect(await putAndSettle(user, 'a')).toBe(201);
    await env.DB.prepare('UPDATE room_budget SET rooms = 2 WHERE user_id = ?').bind(user.userId).run();
    expect(await putAndSettle(user, 'b')).toBe(429);
    advanceClock(3 * 60_000);
    expect(await putAndSettle(user, 'b')).toBe(201);
  });

  it('deletes its count with the account', async () => {
    const user = await createLimitedUser({});
    expect(await putAndSettle(user, 'a')).toBe(201);
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
  it.each(['fails', 'does not answer'] as const)('does not prevent creations when it %s', async (trouble) => {
    const user = await createLimitedUser({});
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const d1 = breakD1(trouble);
    const created = await put(user, 'a');
    expect(created.status).toBe(201);
    expect(log).toHaveBeenCalledWith(expect.objectContaining({ event: 'room_creation_not_counted' }));
    d1.recover();
    await user.settle();
  });

  it('is replaced by a smaller limit per isolate', async () => {
    const user = await createLimitedUser({});
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

it('calls of the previous release’s Worker, without mayCreate, still create rooms', async () => {
  const user = await createLimitedUser({});
  const stub = getRoomStub('document', user.userId, 'old');
  expect((await stub.sync(new Uint8Array([0]), new Uint8Array([0, 0]), [])).kind).toBe('reached');
  const upgrade = new Request('http://room.test/', { headers: { upgrade: 'websocket' } });
  const opened = await getRoomStub('document', user.userId, 'older').fetch(upgrade);
  expect(opened.status).toBe(101);
  opened.webSocket?.accept();
  opened.webSocket?.close();
});
