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

const pathOf = (userId: string, rest: string) => `/users/${encodeURIComponent(userId)}/${rest}`;

/** Every route of a room below its path, each with the methods it knows. */
const ROUTES = [
  ['', ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH']],
  ['/compaction', ['POST']],
  ['/snapshots', ['GET', 'POST']],
  ['/snapshots/x', ['GET', 'DELETE']],
  ['/snapshots/x/restore', ['POST']],
] as const;

describe('a canonical path', () => {
  it.each(['documents', 'workspaces'])(
    'of %s is the same room as the short path of its owner',
    async (folder) => {
      const owner = await createRoomUser();
      const [canonical, short] = [pathOf(owner.userId, `${folder}/notes`), `/${folder}/notes`];
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

  it('has the versions of a document', async () => {
    const owner = await createRoomUser();
    const path = pathOf(owner.userId, 'documents/notes');
    await syncOverHttp(owner, path, createDocWithText('hello'));
    const made = await owner.request(`${path}/snapshots`, { method: 'POST' });
    const { id } = await made.json<{ id: string }>();
    expect((await owner.request(`${path}/snapshots/${id}`)).status).toBe(200);
    expect((await owner.request(`/documents/notes/snapshots/${id}`)).status).toBe(200);
    expect((await owner.request(`${path}/snapshots/${id}/restore`, { method: 'POST' })).status).toBe(204);
    expect((await owner.request(`${path}/snapshots/${id}`, { method: 'DELETE' })).status).toBe(204);
  });

  it.each(['https://issuer.example/realm#auth0|7', 'a:b/c%2Fd', 'é 🙂', '100%'])(
    'names the owner %j as one encoded segment',
    async (id) => {
      const owner = await createRoomUser({ userId: `${id}${crypto.randomUUID()}` });
      const path = pathOf(owner.userId, 'documents/notes');
      expect((await owner.request(path, { method: 'PUT' })).status).toBe(201);
      expect((await owner.request('/documents/notes')).status).toBe(200);
    },
  );

  it('decodes the owner once', async () => {
    const owner = await createRoomUser({ userId: `a b ${crypto.randomUUID()}` });
    const twice = encodeURIComponent(encodeURIComponent(owner.userId));
    expect((await owner.request(`/users/${twice}/documents/notes`, { method: 'PUT' })).status).toBe(403);
  });

  it('of another user is 403 or 4403 on every route, whether or not the room exists, and wakes no object', async () => {
    const [owner, other] = [await createRoomUser(), await createRoomUser()];
    await syncOverHttp(owner, '/documents/there', createDocWithText('secret'));
    for (const name of ['there', 'not-there']) {
      const path = pathOf(owner.userId, `documents/${name}`);
      for (const [rest, methods] of ROUTES) {
        for (const method of methods) {
          const response = await other.request(path + rest, { method });
          // A method that no room knows is 405 for everyone.
          expect([rest, method, response.status]).toEqual([rest, method, method === 'PATCH' ? 405 : 403]);
          expect(await response.text()).not.toContain('secret');
        }
      }
      expect(await closeCode(other, path)).toBe(4403);
      expect(await closeCode(other, `${path}?watch=true`)).toBe(4403);
    }
    // An object that was never started cannot be evicted.
    await expect(evictDurableObject(getRoomStub('document', owner.userId, 'not-there'))).rejects.toThrow();
  });

  it.each(['%ff', '%e2%8', '100%', 'a%00b', ''])(
    'with the malformed owner %j is 400 or 4400',
    async (owner) => {
      const user = await createRoomUser();
      const path = `/users/${owner}/documents/notes`;
      const response = await user.request(path, { method: 'PUT' });
      // Without a segment for the owner it is no room's path.
      expect(response.status).toBe(owner === '' ? 404 : 400);
      if (owner !== '') expect(await closeCode(user, path)).toBe(4400);
    },
  );

  it('with a malformed name is 400 or 4400', async () => {
    const user = await createRoomUser();
    const path = pathOf(user.userId, 'documents/%ff');
    expect((await user.request(path)).status).toBe(400);
    expect(await closeCode(user, path)).toBe(4400);
  });
});

async function closeCode(user: RoomUser, path: string): Promise<number> {
  return (await (await RawSocket.open(user, path)).closed).code;
}
