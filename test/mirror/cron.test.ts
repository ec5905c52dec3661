import { createScheduledController } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import worker from '../../src/index.ts';

const count = async (table: 'ended_session' | 'mirror_status') =>
  (await env.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first<{ n: number }>())?.n;

test('the cron ends the sockets of ended sessions while the mirror still waits for a Postgres that does not answer', async () => {
  await env.DB.batch([
    env.DB.prepare(`INSERT INTO user (id, name, email) VALUES ('ada', 'Ada', 'ada@example.com')`),
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
  // A run of the mirror notes how it went as the last thing it does.
  expect(await count('mirror_status')).toBe(0);
  await cron;
  expect(await count('mirror_status')).toBe(1);
});
