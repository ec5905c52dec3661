import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { AppEnv } from '../../../src/domain/env.ts';
import { setBookmarkHeader, storeBookmarkCookie } from '../../../src/registry/http/bookmark.ts';
import { deleteInstance } from '../../../src/registry/write/delete-instance.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { createApi } from './api.ts';
import { report, signUp } from './reports.ts';

/** An app whose only route deletes the room of that name, as the rooms' own does. */
async function deletingApp() {
  const user = await signUp();
  const room = report(user, 'gone');
  await upsertInstance(env.DB, room);
  const app = new Hono<AppEnv>().use(storeBookmarkCookie).all('/gone', async (c) => {
    setBookmarkHeader(c, (await deleteInstance(c.env.DB, room)).bookmark);
    return c.body(null, 204);
  });
  return { user, ask: (url: string, method: string) => app.request(url, { method }, env) };
}

describe('the bookmark of a deletion', () => {
  it('is stored in a cookie for the browser’s next pages', async () => {
    const { user, ask } = await deletingApp();
    const response = await ask('https://rooms.example/gone', 'DELETE');
    const cookie = response.headers.get('set-cookie') ?? '';
    const bookmark = response.headers.get('x-d1-bookmark') ?? '';
    expect(cookie).toBe(`rk-d1-bookmark=${bookmark}; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax`);
    const list = await createApi(user).get('/api/instances', { cookie: cookie.split(';')[0] ?? '' });
    expect(await list.json()).toEqual({ instances: [], nextCursor: null });
  });

  it('is also stored over http', async () => {
    const { ask } = await deletingApp();
    const response = await ask('http://localhost/gone', 'DELETE');
    expect(response.headers.get('set-cookie')).toMatch(/^rk-d1-bookmark=(?!.*Secure)/);
  });

  it('sets no cookie for requests that write nothing', async () => {
    const { ask } = await deletingApp();
    expect((await ask('http://localhost/gone', 'GET')).headers.get('set-cookie')).toBeNull();
  });
});
