import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { bearer, createBrokenDatabase, fetchJwt, signUpUser } from './support/auth-users.ts';
import { openSocket, send } from './support/whole-worker.ts';

/** As vitest.config.ts binds it. */
const OPERATOR_TOKEN = 'test-operator-token-of-at-least-32-characters';

describe('GET /api/me', () => {
  it('returns the caller for each kind of credential', async () => {
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

  it('returns the role of an operator', async () => {
    const user = await signUpUser();
    await env.DB.prepare(`UPDATE user SET role = 'admin' WHERE id = ?`).bind(user.id).run();
    const response = await send('/api/me', { headers: bearer(user.sessionToken) });
    expect(await response.json()).toMatchObject({ role: 'admin' });
  });

  it('is refused without a credential, with the operator token and after the account’s deletion', async () => {
    expect((await send('/api/me')).status).toBe(401);
    expect((await send('/api/me', { headers: bearer(OPERATOR_TOKEN) })).status).toBe(403);
    const user = await signUpUser();
    const jwt = bearer(await fetchJwt(user));
    expect((await send('/api/me', { headers: jwt }, { DB: createBrokenDatabase() })).status).toBe(503);
    await env.DB.prepare('DELETE FROM user WHERE id = ?').bind(user.id).run();
    expect((await send('/api/me', { headers: jwt })).status).toBe(401);
  });

  it('returns the user id of the canonical paths', async () => {
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
  it('require a credential other than the operator token', async () => {
    const path = '/users/other/documents/notes';
    expect((await send(path)).status).toBe(401);
    expect((await (await openSocket(path)).closed).code).toBe(4401);
    expect((await send(path, { headers: bearer(OPERATOR_TOKEN) })).status).toBe(403);
    expect((await (await openSocket(path, bearer(OPERATOR_TOKEN))).closed).code).toBe(4403);
  });

  it('allow preflights of trusted origins', async () => {
    const response = await send('/users/other/workspaces/w/compaction', {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
  });

  it('answer 404 below /users for paths that are not a room’s', async () => {
    for (const path of ['/users', '/users/u', '/users/u/documents', '/users/u/pictures/p']) {
      const response = await send(path, { headers: bearer((await signUpUser()).sessionToken) });
      expect([path, response.status]).toEqual([path, 404]);
    }
  });

  it('return the bookmark of a deletion, as aliases do', async () => {
    const user = await signUpUser();
    const headers = bearer(user.sessionToken);
    const path = `/users/${user.id}/documents/notes`;
    await send(path, { method: 'PUT', headers });
    const deleted = await send(path, { method: 'DELETE', headers });
    expect(deleted.headers.get('x-d1-bookmark')).not.toBeNull();
    expect(deleted.headers.get('set-cookie')).toContain('rk-d1-bookmark=');
  });
});
