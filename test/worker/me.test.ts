import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { bearer, createBrokenDatabase, fetchJwt, signUpUser } from './support/auth-users.ts';
import { openSocket, send } from './support/whole-worker.ts';

/** As vitest.config.ts binds it. */
const OPERATOR_TOKEN = 'test-operator-token-of-at-least-32-characters';

describe('GET /api/me', () => {
  it('says who the caller is, by each of his credentials', async () => {
    const user = await signUpUser();
    const credentials = [bearer(user.sessionToken), bearer(await fetchJwt(user)), { cookie: user.cookie }];
    for (const headers of credentials) {
      const response = await send('/api/me', { headers });
      expect(response.headers.get('cache-control')).toBe('private, no-store');
      expect(await response.json()).toEqual({
        userId: user.id,
        kind: 'account',
        name: expect.any(String),
        role: 'user',
      });
    }
  });

  it('says that an account is an operator', async () => {
    const user = await signUpUser();
    await env.DB.prepare(`UPDATE user SET role = 'admin' WHERE id = ?`).bind(user.id).run();
    const response = await send('/api/me', { headers: bearer(user.sessionToken) });
    expect(await response.json()).toMatchObject({ role: 'admin' });
  });

  it('is refused without a credential, with the operator token, and once the account is gone', async () => {
    expect((await send('/api/me')).status).toBe(401);
    expect((await send('/api/me', { headers: bearer(OPERATOR_TOKEN) })).status).toBe(403);
    const user = await signUpUser();
    const jwt = bearer(await fetchJwt(user));
    expect((await send('/api/me', { headers: jwt }, { DB: createBrokenDatabase() })).status).toBe(503);
    await env.DB.prepare('DELETE FROM user WHERE id = ?').bind(user.id).run();
    expect((await send('/api/me', { headers: jwt })).status).toBe(401);
  });

  it('leads to the canonical path of a room', async () => {
    const user = await signUpUser();
    const headers = bearer(user.sessionToken);
    const { userId } = await (await send('/api/me', { headers })).json<{ userId: string }>();
    const path = `/users/${encodeURIComponent(userId)}/documents/notes`;
    const created = await send(path, {
      method: 'PUT',
      headers: { ...headers, origin: 'https://app.example' },
    });
    expect(created.status).toBe(201);
    expect(created.headers.get('access-control-allow-origin')).toBe('https://app.example');
    const { instances } = await (
      await send('/api/instances', { headers })
    ).json<{ instances: { resourceName: string }[] }>();
    expect(instances.map(({ resourceName }) => resourceName)).toEqual(['notes']);
  });
});

describe('canonical paths of the whole Worker', () => {
  it('need a credential, and let no operator token in', async () => {
    const path = '/users/somebody/documents/notes';
    expect((await send(path)).status).toBe(401);
    expect((await (await openSocket(path)).closed).code).toBe(4401);
    expect((await send(path, { headers: bearer(OPERATOR_TOKEN) })).status).toBe(403);
    expect((await (await openSocket(path, bearer(OPERATOR_TOKEN))).closed).code).toBe(4403);
  });

  it('answer preflights of trusted origins', async () => {
    const response = await send('/users/somebody/workspaces/w/compaction', {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
  });

  it('are 404 below /users where no room can be', async () => {
    for (const path of ['/users', '/users/u', '/users/u/documents', '/users/u/pictures/p']) {
      const response = await send(path, { headers: bearer((await signUpUser()).sessionToken) });
      expect([path, response.status]).toEqual([path, 404]);
    }
  });

  it('hand the bookmark of a deletion to the next read, as short paths do', async () => {
    const user = await signUpUser();
    const headers = bearer(user.sessionToken);
    const path = `/users/${user.id}/documents/notes`;
    await send(path, { method: 'PUT', headers });
    const deleted = await send(path, { method: 'DELETE', headers });
    expect(deleted.headers.get('x-d1-bookmark')).not.toBeNull();
    expect(deleted.headers.get('set-cookie')).toContain('rk-d1-bookmark=');
  });
});
