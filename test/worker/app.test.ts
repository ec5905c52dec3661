import { createScheduledController } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import worker from '../../src/index.ts';
import { onError } from '../../src/lib/problem.ts';
import { bearer, createBrokenDatabase, fetchJwt, signUpUser } from './support/auth-users.ts';
import { createDocWithText, encodeSyncBody } from './support/room-app.ts';
import { openSocket, send } from './support/whole-worker.ts';

/** As vitest.config.ts binds it. */
const OPERATOR_TOKEN = 'test-operator-token-of-at-least-32-characters';

/** The close code of an upgrade. */
async function readCloseCode(path: string, headers: Record<string, string> = {}): Promise<number> {
  return (await (await openSocket(path, headers)).closed).code;
}

const preflight = (origin: string) =>
  send('/documents/d', {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  });

describe('the Worker', () => {
  it('records a sync: the API lists the caller’s room with its size', async () => {
    const user = await signUpUser();
    const body = encodeSyncBody(new Uint8Array([0]), Y.encodeStateAsUpdate(createDocWithText('hello')));
    await send('/documents/notes', { method: 'POST', body, headers: bearer(user.sessionToken) });
    const listed = await send('/api/instances', { headers: bearer(user.sessionToken) });
    const { instances } = await listed.json<{ instances: { storageBytes: number }[] }>();
    expect(instances).toMatchObject([{ doType: 'document', resourceName: 'notes' }]);
    expect(instances[0]?.storageBytes).toBeGreaterThan(0);
    const usage = await send('/api/usage', { headers: bearer(user.sessionToken) });
    expect(await usage.json()).toMatchObject({ instances: 1, storageBytes: instances[0]?.storageBytes });
  });

  it.each([
    ['GET', '/nothing'],
    ['POST', '/api/nothing'],
    ['GET', '/documents'],
    ['GET', '/api/auth/nothing'],
  ])('answers 404 with a problem document to %s %s', async (method, path) => {
    const response = await send(path, { method, headers: bearer((await signUpUser()).sessionToken) });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      404,
      'application/problem+json',
    ]);
  });

  it.each(['/nothing', '/api/nothing', '/dashboard/nothing'])(
    'answers 404 at %s with a page to browsers and a problem document to programs',
    async (path) => {
      const page = await send(path, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
      expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(await page.text()).toContain('No such page');
      if (path.startsWith('/dashboard')) return;
      const problem = await send(path, { headers: { accept: '*/*' } });
      expect(problem.headers.get('content-type')).toBe('application/problem+json');
    },
  );

  it('answers 405 with Allow to a method without a route', async () => {
    const headers = bearer((await signUpUser()).sessionToken);
    const response = await send('/documents/notes', { method: 'PATCH', headers });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, PUT, DELETE']);
  });

  it('answers 401 without a valid credential on the routes of rooms, the registry and operators', async () => {
    for (const path of [
      '/documents/d',
      '/workspaces/w',
      '/api/instances',
      '/api/usage',
      '/api/usage/history',
      '/api/admin/mirror',
    ]) {
      for (const headers of [{}, bearer('wrong'), bearer('a.b.c')]) {
        const response = await send(path, { headers });
        expect([path, response.status, response.headers.get('content-type')]).toEqual([
          path,
          401,
          'application/problem+json',
        ]);
      }
    }
    expect(await readCloseCode('/documents/d')).toBe(4401);
    expect(await readCloseCode('/documents/d?token=a.b.c')).toBe(4401);
  });

  it('answers 403 to users on operator routes and to the operator token on user routes', async () => {
    const user = bearer((await signUpUser()).sessionToken);
    const operator = bearer(OPERATOR_TOKEN);
    expect((await send('/api/admin/mirror', { headers: operator })).status).toBe(200);
    expect((await send('/api/admin/mirror', { headers: user })).status).toBe(403);
    expect((await send('/api/instances', { headers: operator })).status).toBe(403);
    expect((await send('/documents/d', { headers: operator })).status).toBe(403);
    expect(await readCloseCode('/documents/d', operator)).toBe(4403);
  });

  it('syncs with a JWT while D1 fails', async () => {
    const user = await signUpUser();
    const headers = bearer(await fetchJwt(user));
    const body = encodeSyncBody(new Uint8Array([0]), Y.encodeStateAsUpdate(createDocWithText('hello')));
    const synced = await send(
      '/documents/d',
      { method: 'POST', body, headers },
      { DB: createBrokenDatabase() },
    );
    expect(synced.status).toBe(200);
    expect((await send('/documents/d', { headers }, { DB: createBrokenDatabase() })).status).toBe(200);
  });

  it('allows cross-origin requests only from trusted origins with bearer tokens', async () => {
    const trusted = await preflight('https://app.example');
    expect(trusted.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(trusted.headers.get('access-control-allow-credentials')).toBeNull();
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();

    const user = await signUpUser();
    const read = await send('/documents/d', {
      method: 'PUT',
      headers: { ...bearer(user.sessionToken), origin: 'https://app.example' },
    });
    expect(read.headers.get('access-control-allow-origin')).toBe('https://app.example');
    for (const header of ['yjs-state-vector', 'room-incarnation'])
      expect(read.headers.get('access-control-expose-headers')).toContain(header);
    const byCookie = await send('/documents/d', {
      method: 'PUT',
      headers: { cookie: user.cookie, origin: 'https://app.example' },
    });
    expect(byCookie.status).toBe(403);
  });

  it('is healthy without a database, but ready only with D1', async () => {
    expect(await (await send('/healthz', {}, { DB: createBrokenDatabase() })).text()).toBe('ok');
    expect((await send('/readyz')).status).toBe(200);
    expect(await (await send('/readyz')).json()).toMatchObject({ ready: true, mirror: { enabled: false } });
    expect((await send('/readyz', {}, { DB: createBrokenDatabase() })).status).toBe(503);
  });

  it('answers 503 while D1 fails on every route that reads it', async () => {
    const user = bearer((await signUpUser()).sessionToken);
    await env.DB.prepare('ALTER TABLE durable_object_instance RENAME TO away').run();
    try {
      for (const path of ['/api/instances', '/api/usage', '/api/usage/history']) {
        const response = await send(path, { headers: user });
        expect([response.status, response.headers.get('content-type')]).toEqual([
          503,
          'application/problem+json',
        ]);
        expect(await response.text()).not.toContain('durable_object_instance');
      }
      expect((await send('/api/admin/mirror', { headers: bearer(OPERATOR_TOKEN) })).status).toBe(503);
    } finally {
      await env.DB.prepare('ALTER TABLE away RENAME TO durable_object_instance').run();
    }
  });

  it('logs only known segments of a path, so that no name can reverse the line', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const failing = new Hono().onError(onError).get('*', () => {
      throw new Error('on purpose');
    });
    await failing.request('/api/a%E2%80%AEb');
    expect(log.mock.calls).toMatchObject([[{ event: 'unhandled_error', path: '/api/…' }]]);
    log.mockRestore();
  });

  it('answers 503 with the setup command if its secret is missing or short', async () => {
    for (const secret of ['', 'short']) {
      const response = await send('/documents/d', {}, { BETTER_AUTH_SECRET: secret });
      expect(response.status).toBe(503);
      expect(await response.text()).toContain('wrangler secret put BETTER_AUTH_SECRET');
    }
  });

  it('runs its cron without a mirror', async () => {
    await expect(worker.scheduled(createScheduledController(), env)).resolves.toBeUndefined();
  });
});
