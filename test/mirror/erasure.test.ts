import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, expect, test } from 'vitest';
import { lockAccount } from '../../src/auth/accounts/lock-account.ts';
import { getErasedUserKey } from '../../src/domain/erasure-request.ts';
import { ask, emptyCopy, expectExactCopy, mirror } from './copy.ts';
import { addUser, emptyRegistry, room, write } from './registry.ts';

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
});

async function erase(userId: string): Promise<void> {
  await lockAccount(env.DB, userId, 'user');
  const order = await env.DB.prepare(
    'SELECT id, user_id AS userId, requested_at AS requestedAt FROM erasure WHERE user_id = ?',
  )
    .bind(userId)
    .first<{ id: string; userId: string; requestedAt: number }>();
  if (order === null) throw new Error('nothing was asked for');
  const eraser = env.ACCOUNT_ERASER.getByName(getErasedUserKey(userId));
  await eraser.erase(order);
  const isFinished = async () =>
    (await env.DB.prepare('SELECT finished_at AS at FROM erasure WHERE id = ?')
      .bind(order.id)
      .first<number>('at')) !== null;
  while (!(await isFinished())) await runDurableObjectAlarm(eraser);
}

const mirroredUsers = async () =>
  (await ask<{ user_id: string }>('select distinct user_id from durable_object_instance')).map(
    (row) => row.user_id,
  );

test('Postgres has no row of an erased user after any number of omitted runs, and all rows of others', async () => {
  for (const userId of ['ada', 'grace']) {
    await addUser(userId);
    await write(Array.from({ length: 120 }, (_, index) => room(userId, `room-${index}`)));
  }
  await mirror();
  expect((await mirroredUsers()).toSorted()).toEqual(['ada', 'grace']);
  await erase('ada');
  await mirror({ batchRows: 50, runRows: 70, runSeconds: 60 });
  await mirror();
  expect(await mirroredUsers()).toEqual(['grace']);
  await expectExactCopy();
});
