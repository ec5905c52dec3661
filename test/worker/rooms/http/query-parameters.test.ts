import { describe, expect, it } from 'vitest';
import { RawSocket } from '../../support/raw-socket.ts';
import { createRoomUser } from '../../support/room-app.ts';

const ROUTES = [
  ['GET', ''],
  ['POST', ''],
  ['PUT', ''],
  ['DELETE', ''],
  ['POST', '/compaction'],
  ['GET', '/snapshots'],
  ['POST', '/snapshots'],
] as const;

describe('query parameters of rooms', () => {
  it.each(ROUTES)('%s {room}%s answers 400 to unknown or repeated parameters', async (method, sub) => {
    const user = await createRoomUser();
    const path = `/documents/d${sub}`;
    for (const query of ['incarnaton=1', 'watch=true', 'token=x', 'incarnation=1&incarnation=1', 'x']) {
      const refused = await user.request(`${path}?${query}`, { method });
      expect([query, refused.status]).toEqual([query, 400]);
      expect(await refused.json()).toMatchObject({ field: query.split('=')[0] });
    }
    expect((await user.request('/documents/d')).status).toBe(404);
  });

  it('upgrades with unknown or repeated parameters are closed with 4400, so a misspelt watch=true opens no writer', async () => {
    const user = await createRoomUser();
    for (const query of ['wach=true', 'watch=true&watch=true', `${'x'.repeat(300)}=1`]) {
      const socket = await RawSocket.open(user, `/documents/d?${query}`);
      expect((await socket.closed).code).toBe(4400);
    }
    expect((await user.request('/documents/d')).status).toBe(404);
  });

  it('parameters that begin with "_" belong to the app and are ignored', async () => {
    const user = await createRoomUser();
    expect((await user.request('/documents/d?_app=1&_app=2', { method: 'PUT' })).status).toBe(201);
    const socket = await RawSocket.open(user, '/documents/d?_pk=1');
    await socket.waitUntilHandled();
    socket.socket.close();
  });
});
