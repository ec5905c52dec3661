import { evictDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { RawSocket, join } from '../../support/raw-socket.ts';
import {
  type RoomUser,
  createDocWithText,
  createRoomUser,
  getRoomStub,
  syncOverHttp,
} from '../../support/room-app.ts';

const getPath = (userId: string, rest: string) => `/users/${encodeURIComponent(userId)}/${rest}`;

/** Every route below a room's path, with its methods. */
const ROUTES = [
  ['', ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH']],
  ['/compaction', ['POST']],
  ['/snapshots', ['GET', 'POST']],
  ['/snapshots/x', ['GET', 'DELETE']],
  ['/snapshots/x/restore', ['POST']],
] as const;

describe('a canonical path', () => {
  it.each(['documents', 'workspaces'])(
    'of %s addresses the same room as the owner’s alias',
    async (folder) => {
      const owner = await createRoomUser();
      const [canonical, short] = [getPath(owner.userId, `${folder}/notes`), `/${folder}/notes`];
      await syncOverHttp(owner, canonical, createDocWithText('hello'));
      const [one, other] = [await owner.request(canonical), await owner.request(short)];
      expect([one.status, other.status]).toEqual([200, 200]);
      expect(one.headers.get('etag')).toBe(other.headers.get('etag'));
      expect((await owner.request(`${canonical}/compaction`, { method: 'POST' })).status).toBe(200);
      const socket = await RawSocket.open(owner, canonical);
      expect((await join(socket)).getText('text').toJSON()).toBe('hello');
      expect((await owner.request(canonical, { method: 'DELETE' })).status).toBe(204);
      expect((await owner.request(short)).status).toBe(410);
    },
  );

  it('serves the versions of a document', async () => {
    const owner = await createRoomUser();
    const path = getPath(owner.userId, 'documents/notes');
    await syncOverHttp(owner, path, createDocWithText('hello'));
    const made = await owner.request(`${path}/snapshots`, { method: 'POST' });
    const { id } = await made.json<{ id: string }>();
    expect((await owner.request(`${path}/snapshots/${id}`)).status).toBe(200);
    expect((await owner.request(`/documents/notes/snapshots/${id}`)).status).toBe(200);
    expect((await owner.request(`${path}/snapshots/${id}/restore`, { method: 'POST' })).status).toBe(204);
    expect((await owner.request(`${path}/snapshots/${id}`, { method: 'DELETE' })).status).toBe(204);
  });

  it.each(['https://issuer.example/realm#auth0|7', 'a:b/c%2Fd', 'é 🙂', '100%'])(
    'contains the owner %j as one encoded segment',
    async (id) => {
      const owner = await createRoomUser({ userId: `${id}${crypto.randomUUID()}` });
      const path = getPath(owner.userId, 'documents/notes');
      expect((await owner.request(path, { method: 'PUT' })).status).toBe(201);
      expect((await owner.request('/documents/notes')).status).toBe(200);
    },
  );

  it('is decoded once', async () => {
    const owner = await createRoomUser({ userId: `a b ${crypto.randomUUID()}` });
    const twice = encodeURIComponent(encodeURIComponent(owner.userId));
    expect((await owner.request(`/users/${twice}/documents/notes`, { method: 'PUT' })).status).toBe(403);
  });

  it('of another user’s room answers 403 or 4403 on every route, without starting the object', async () => {
    const [owner, other] = [await createRoomUser(), await createRoomUser()];
    await syncOverHttp(owner, '/documents/there', createDocWithText('secret'));
    for (const name of ['there', 'not-there']) {
      const path = getPath(owner.userId, `documents/${name}`);
      for (const [rest, methods] of ROUTES) {
        for (const method of methods) {
          const response = await other.request(path + rest, { method });
          // A method without a route is 405 for every caller.
          expect([rest, method, response.status]).toEqual([rest, method, method === 'PATCH' ? 405 : 403]);
          expect(await response.text()).not.toContain('secret');
        }
      }
      expect(await readCloseCode(other, path)).toBe(4403);
      expect(await readCloseCode(other, `${path}?watch=true`)).toBe(4403);
    }
    // An object that was never started cannot be evicted.
    await expect(evictDurableObject(getRoomStub('document', owner.userId, 'not-there'))).rejects.toThrow();
  });

  it.each(['%ff', '%e2%8', '100%', 'a%00b', ''])(
    'with the malformed owner %j answers 400 or 4400',
    async (owner) => {
      const user = await createRoomUser();
      const path = `/users/${owner}/documents/notes`;
      const response = await user.request(path, { method: 'PUT' });
      // Without an owner the path is not a room's.
      expect(response.status).toBe(owner === '' ? 404 : 400);
      if (owner !== '') expect(await readCloseCode(user, path)).toBe(4400);
    },
  );

  it('with a malformed name answers 400 or 4400', async () => {
    const user = await createRoomUser();
    const path = getPath(user.userId, 'documents/%ff');
    expect((await user.request(path)).status).toBe(400);
    expect(await readCloseCode(user, path)).toBe(4400);
  });
});

async function readCloseCode(user: RoomUser, path: string): Promise<number> {
  return (await (await RawSocket.open(user, path)).closed).code;
}
