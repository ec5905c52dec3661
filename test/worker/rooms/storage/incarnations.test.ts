import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { createIncarnation } from '../../../../src/domain/incarnation.ts';
import { createHttpSync } from '../../../../src/client/http-sync.ts';
import { RawSocket, join } from '../../support/raw-socket.ts';
import {
  type RoomUser,
  createDocWithText,
  createRoomUser,
  getRoomStub,
  syncOverHttp,
} from '../../support/room-app.ts';

const getIncarnation = (response: Response) => response.headers.get('room-incarnation') ?? '';
const createHeaders = (incarnation: string) => ({ 'room-incarnation': incarnation });
const put = (someone: RoomUser, path: string) => someone.request(path, { method: 'PUT' });
const openAndAwaitClose = async (someone: RoomUser, path: string, incarnation: string) =>
  (await RawSocket.open(someone, `${path}?incarnation=${incarnation}`)).closed;
const readText = async (response: Response) => {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  return doc.getText('text').toJSON();
};

/** Changes a room's storage directly, then restarts the room. */
async function changeStorage(
  someone: RoomUser,
  name: string,
  act: (storage: DurableObjectStorage) => void | Promise<void>,
): Promise<void> {
  const stub = getRoomStub('document', someone.userId, name);
  await runInDurableObject(stub, (_, { storage }) => act(storage));
  await evictDurableObject(stub);
}

describe('incarnations', () => {
  it('of rooms created in the same millisecond differ, and so do their ETags', async () => {
    const someone = await createRoomUser();
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now());
    try {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => put(someone, `/documents/together-${index}`)),
      );
      const created = await Promise.all(
        answers.map((answer) => answer.json<{ createdAt: string; incarnation: string }>()),
      );
      expect(new Set(created.map(({ createdAt }) => createdAt)).size).toBeLessThan(40);
      expect(new Set(created.map(({ incarnation }) => incarnation)).size).toBe(40);
      const tags = await Promise.all(
        created.map(async (_, index) => {
          const response = await someone.request(`/documents/together-${index}`);
          return response.headers.get('etag');
        }),
      );
      expect(new Set(tags).size).toBe(40);
    } finally {
      now.mockRestore();
    }
  });

  it('have 128 random bits', () => {
    const names = Array.from({ length: 1_000 }, createIncarnation);
    expect(new Set(names).size).toBe(1_000);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/);
  });

  it('of one room are ordered by their creation in the registry', async () => {
    const someone = await createRoomUser();
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const { createdAt } = await (await put(someone, '/documents/often')).json<{ createdAt: string }>();
      times.push(Date.parse(createdAt));
      await someone.request('/documents/often', { method: 'DELETE' });
    }
    expect(times).toEqual([...new Set(times)].toSorted((one, two) => one - two));
  });

  it('of older rooms are their creation times, also after deletion', async () => {
    const someone = await createRoomUser();
    const path = '/documents/older';
    await syncOverHttp(someone, path, createDocWithText('old'));
    await changeStorage(someone, 'older', ({ kv }) =>
      kv.put('room', { createdAt: 1_700_000_000_000, deletedAt: null }),
    );
    const read = await someone.request(path, { headers: createHeaders('1700000000000') });
    expect([read.status, getIncarnation(read)]).toEqual([200, '1700000000000']);
    const socket = await RawSocket.open(someone, `${path}?incarnation=1700000000000`);
    expect((await join(socket)).getText('text').toJSON()).toBe('old');
    expect(getIncarnation(socket.response)).toBe('1700000000000');
    await someone.request(path, { method: 'DELETE' });
    expect((await someone.request(path, { headers: createHeaders('1700000000000') })).status).toBe(410);
    expect(getIncarnation(await put(someone, path))).toMatch(/^[0-9a-f]{32}$/);
    expect((await someone.request(path, { headers: createHeaders('1700000000000') })).status).toBe(409);
  });

  it('may be named by their creation time, as Workers of the previous release do', async () => {
    const someone = await createRoomUser();
    const { createdAt } = await (await put(someone, '/documents/d')).json<{ createdAt: string }>();
    const headers = createHeaders(String(Date.parse(createdAt)));
    expect((await someone.request('/documents/d', { headers })).status).toBe(200);
  });
});

describe('absence is not deletion', () => {
  const path = '/documents/lost';

  it('a room whose storage was lost answers 404 and 4404, and clients restore its content once it is created', async () => {
    const someone = await createRoomUser();
    const copy = createDocWithText('the last copy');
    const incarnation = getIncarnation(await syncOverHttp(someone, path, copy));
    await changeStorage(someone, 'lost', async (storage) => storage.deleteAll());
    for (const method of ['GET', 'POST', 'DELETE']) {
      const body = method === 'POST' ? new Uint8Array([1, 0, 0]) : null;
      const response = await someone.request(path, { method, body, headers: createHeaders(incarnation) });
      expect([method, response.status]).toEqual([method, 404]);
    }
    const closed = await openAndAwaitClose(someone, path, incarnation);
    expect(closed).toMatchObject({ code: 4404, reason: expect.stringContaining('Keep your copy') });

    const next = getIncarnation(await put(someone, path));
    expect(next).not.toBe(incarnation);
    expect((await syncOverHttp(someone, path, copy, createHeaders(incarnation))).status).toBe(409);
    expect((await syncOverHttp(someone, path, copy, createHeaders(next))).status).toBe(204);
    expect(await readText(await someone.request(path))).toBe('the last copy');
  });

  it('a client that names the incarnation of another room gets 409 and 4409', async () => {
    const someone = await createRoomUser();
    const other = getIncarnation(await put(someone, '/documents/other'));
    await syncOverHttp(someone, path, createDocWithText('x'));
    const response = await someone.request(path, { headers: createHeaders(other) });
    expect(response.status).toBe(409);
    expect(await response.text()).toContain('Keep your copy');
    expect(await openAndAwaitClose(someone, path, other)).toMatchObject({ code: 4409 });
  });

  it('a deleted room is 410 and 4410 only for its own incarnation and for clients that name none', async () => {
    const someone = await createRoomUser();
    const other = getIncarnation(await put(someone, '/documents/other'));
    const own = getIncarnation(await put(someone, path));
    await someone.request(path, { method: 'DELETE' });
    expect((await someone.request(path)).status).toBe(410);
    expect((await someone.request(path, { headers: createHeaders(own) })).status).toBe(410);
    expect(await openAndAwaitClose(someone, path, own)).toMatchObject({ code: 4410 });
    expect((await someone.request(path, { headers: createHeaders(other) })).status).toBe(409);
    expect(await openAndAwaitClose(someone, path, other)).toMatchObject({ code: 4409 });
  });

  it('the HTTP client keeps its edits, stops, and distinguishes absent, replaced and deleted', async () => {
    const someone = await createRoomUser();
    const doc = createDocWithText('mine');
    const options = {
      url: `http://room.test/documents/lost`,
      token: 'any',
      fetch: (url: string, init: RequestInit) => someone.request(new URL(url).pathname, init),
    };
    const sync = createHttpSync({ ...options, doc });
    expect(await sync.sync()).toMatchObject({ kind: 'synced' });
    await changeStorage(someone, 'lost', async (storage) => storage.deleteAll());
    doc.getText('text').insert(0, 'still ');
    expect(await sync.sync()).toMatchObject({ kind: 'absent', status: 404 });
    await put(someone, path);
    expect(await sync.sync()).toMatchObject({ kind: 'replaced', status: 409 });
    expect([sync.hasUnsent, doc.getText('text').toJSON()]).toEqual([true, 'still mine']);

    const incarnation = getIncarnation(await someone.request(`${path}?readmit=true`, { method: 'PUT' }));
    expect(await createHttpSync({ ...options, doc, incarnation }).sync()).toMatchObject({ kind: 'synced' });
    expect(await readText(await someone.request(path))).toBe('still mine');
    await someone.request(path, { method: 'DELETE' });
    expect(await createHttpSync({ ...options, doc, incarnation }).sync()).toMatchObject({ kind: 'deleted' });
  });
});
