import { createScheduledController } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import worker from '../../src/index.ts';
import { MIRRORED_TOMBSTONE_KEPT_MS } from '../../src/registry/prune/prune-tombstones.ts';
import { send } from '../worker/support/whole-worker.ts';
import { emptyCopy } from './copy.ts';
import { addUser, emptyRegistry, latestSeq, remove, room, write } from './registry.ts';

const count = async (table: 'ended_session' | 'mirror_status') =>
  (await env.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first<{ n: number }>())?.n;

const tombstones = async () =>
  (await env.DB.prepare('SELECT seq FROM registry_tombstone ORDER BY seq').all()).results;

/** What a user does, with the same bindings as the waiting cron. */
async function syncAndLook(): Promise<void> {
  const silent = { HYPERDRIVE: env.HYPERDRIVE_SILENT };
  const account = {
    name: 'Bo',
    email: `${crypto.randomUUID()}@example.com`,
    password: 'correct horse battery',
  };
  const signedUp = await send(
    '/api/auth/sign-up/email',
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(account) },
    silent,
  );
  const { token } = await signedUp.json<{ token: string }>();
  const authorization = `Bearer ${token}`;
  expect((await send('/documents/paper', { method: 'PUT', headers: { authorization } }, silent)).status).toBe(
    201,
  );
  expect((await send('/documents/paper', { headers: { authorization } }, silent)).status).toBe(200);
  const list = await send('/api/instances', { headers: { authorization } }, silent);
  expect(await list.json()).toMatchObject({ instances: [{ resourceName: 'paper' }] });
  const cookie = signedUp.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const dashboard = await send('/dashboard/rooms', { headers: { cookie } }, silent);
  expect(dashboard.status).toBe(200);
  expect(await dashboard.text()).toContain('paper');
  expect(await (await send('/readyz', {}, silent)).json()).toMatchObject({ ready: true });
}

test('sync, dashboard and the closing of sockets work while Postgres does not answer', async () => {
  await addUser('ada');
  await env.DB.batch([
    ...['session', 'ended_session', 'mirror_status'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare(`INSERT INTO session (id, token, user_id, expires_at) VALUES ('s', 't', 'ada', ?)`).bind(
      Date.now() + 3_600_000,
    ),
    env.DB.prepare(`DELETE FROM session`),
  ]);
  expect(await count('ended_session')).toBe(1);

  const cron = worker.scheduled(createScheduledController(), {
    ...env,
    HYPERDRIVE: env.HYPERDRIVE_SILENT,
  });
  while ((await count('ended_session')) !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await syncAndLook();
  // A run of the mirror notes how it went as the last thing it does.
  expect(await count('mirror_status')).toBe(0);
  await cron;
  expect(await count('mirror_status')).toBe(1);
});

test('the cron prunes old tombstones that Postgres has, and none while Postgres does not answer', async () => {
  await emptyRegistry();
  await emptyCopy();
  await addUser('bob');
  await write(['a', 'b'].map((name) => room('bob', name)));
  for (const name of ['a', 'b']) await remove(room('bob', name).doName);
  await env.DB.batch([
    env.DB.prepare('DELETE FROM erasure'),
    env.DB.prepare('DELETE FROM ended_session'),
    env.DB.prepare('UPDATE registry_tombstone SET deleted_at = ?').bind(
      Date.now() - 2 * MIRRORED_TOMBSTONE_KEPT_MS,
    ),
  ]);
  const highest = await latestSeq();

  await worker.scheduled(createScheduledController(), { ...env, HYPERDRIVE: env.HYPERDRIVE_UNREACHABLE });
  expect(await tombstones()).toHaveLength(2);
  await worker.scheduled(createScheduledController(), env);
  expect(await tombstones()).toEqual([{ seq: highest }]);
});
