import { env } from 'cloudflare:workers';
import { beforeEach, expect, test } from 'vitest';
import { ask, checkpoint, emptyCopy, expectExactCopy, mirror, mirroredTable } from './copy.ts';
import { addUser, deleteUser, emptyRegistry, registryTable, remove, room, write } from './registry.ts';

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await addUser('ada');
});

test('a row, its change and its deletion are copied exactly', async () => {
  await write([room('ada', 'paper')]);
  expect(await mirror()).toMatchObject({ pass: 'incremental', batches: 1, upserted: 1, deleted: 0 });
  expect(await mirroredTable()).toHaveLength(1);
  await expectExactCopy();

  await write([room('ada', 'paper', { storageBytes: 12_288, storageMeasuredAt: 1_750_000_009_999 })]);
  expect(await mirror()).toMatchObject({ upserted: 1, deleted: 0, fromSeq: 1, toSeq: 2, more: false });
  await expectExactCopy();

  await remove(room('ada', 'paper').doName);
  expect(await mirror()).toMatchObject({ upserted: 0, deleted: 1, fromSeq: 2, toSeq: 3 });
  expect(await mirroredTable()).toEqual([]);
  await expectExactCopy();
});

test('a change of any column is copied', async () => {
  await addUser('bob');
  await addUser('https://issuer.example#ada');
  await write([room('https://issuer.example#ada', 'white paper')]);
  await mirror();
  // `do_name` is the key, and `do_type` follows from it.
  await env.DB.prepare(
    `UPDATE durable_object_instance SET do_id = 'other id', decoded_user_id = 'bob', decoded_name = 'other name',
       storage_bytes = 1, created_at = 2, last_accessed_at = 3, storage_measured_at = 4, seq = 5`,
  ).run();
  expect(await mirror()).toMatchObject({ upserted: 1, toSeq: 5 });
  expect(await mirroredTable()).toEqual(await registryTable());
});

test('an empty registry is copied as an empty table', async () => {
  expect(await mirror()).toMatchObject({
    batches: 0,
    upserted: 0,
    deleted: 0,
    fromSeq: 0,
    toSeq: 0,
    more: false,
  });
  await expectExactCopy();
});

test('a run without changes writes nothing', async () => {
  await write([room('ada', 'paper')]);
  await mirror();
  const versions = 'select xmin::text, mirrored_at::text from durable_object_instance';
  const before = await ask(versions);
  expect(await mirror()).toMatchObject({ batches: 0, upserted: 0, deleted: 0 });
  expect(await ask(versions)).toEqual(before);
});

test('numbers up to the largest safe integer, nulls and any text are copied unchanged', async () => {
  const largest = Number.MAX_SAFE_INTEGER;
  const odd = [
    'quotes \' " `',
    'braces { } , NULL',
    'back\\slash \\x00 \\',
    '',
    'ﷺ ￿ \u{1F469}\u{200D}\u{1F4BB} 𝔘𝔫𝔦',
    'e\u0301 and \u00e9',
    'a$1b %s ; drop table x --',
    'İ\u0131ß',
  ];
  await addUser('o\'dd "user" \\ {😀,NULL}');
  await write(
    odd.map((name, index) =>
      room('o\'dd "user" \\ {😀,NULL}', name, { createdAt: 1_700_000_000_000 + index }),
    ),
  );
  await write([
    room('ada', 'unmeasured', { storageBytes: null, storageMeasuredAt: null }),
    room('ada', 'zero', { storageBytes: 0, createdAt: 0, lastAccessedAt: 1, storageMeasuredAt: 999 }),
    room('ada', 'workspace', { doType: 'workspace', doName: 'user:ada:workspace:workspace' }),
    room('ada', 'before 1970', {
      createdAt: -1,
      lastAccessedAt: -86_400_001,
      storageMeasuredAt: -86_400_000,
    }),
  ]);
  await write(
    [
      room('ada', 'largest', {
        storageBytes: largest,
        createdAt: largest,
        lastAccessedAt: largest - 1,
        storageMeasuredAt: largest - 2,
      }),
    ],
    largest,
  );
  expect(await mirror()).toMatchObject({ upserted: odd.length + 5, toSeq: largest });
  await expectExactCopy();
});

test('the time zone of the Postgres session changes no time', async () => {
  // 02:30 in New York did not exist on 2026-03-08: days added to a local time would move it.
  await write([room('ada', 'paper', { createdAt: Date.parse('2026-03-08T07:30:00.123Z') })]);
  const [database] = await ask<{ name: string }>('select quote_ident(current_database()) as name');
  await ask(`alter database ${database?.name} set timezone = 'America/New_York'`);
  try {
    await mirror();
  } finally {
    await ask(`alter database ${database?.name} reset timezone`);
  }
  await expectExactCopy();
});

test('the rows of a deleted account are deleted from Postgres', async () => {
  await addUser('eve');
  await write([room('ada', 'stays'), ...['a', 'b', 'c'].map((name) => room('eve', name))]);
  await mirror();
  await deleteUser('eve');
  expect(await mirror()).toMatchObject({ deleted: 3, upserted: 0 });
  expect(await mirroredTable()).toHaveLength(1);
  await expectExactCopy();
});

test('a room deleted and recreated between two runs has its new row in Postgres', async () => {
  await write([room('ada', 'paper')]);
  await mirror();
  await remove(room('ada', 'paper').doName);
  await write([room('ada', 'paper', { createdAt: 1_760_000_000_000, storageBytes: 4_096 })]);
  expect(await mirror()).toMatchObject({ batches: 1, deleted: 1, upserted: 1 });
  expect(await mirroredTable()).toHaveLength(1);
  await expectExactCopy();
});

test('a room recreated and deleted between two runs is deleted', async () => {
  await write([room('ada', 'paper')]);
  await mirror();
  await remove(room('ada', 'paper').doName);
  await write([room('ada', 'paper', { createdAt: 1_760_000_000_000 })]);
  await remove(room('ada', 'paper').doName);
  await mirror();
  expect(await mirroredTable()).toEqual([]);
  await expectExactCopy();
});

test('a room created and deleted between two runs is not copied', async () => {
  await write([room('ada', 'brief')]);
  await remove(room('ada', 'brief').doName);
  expect(await mirror()).toMatchObject({ upserted: 0, deleted: 0, toSeq: 2 });
  await expectExactCopy();
});

test('batches of any size copy all changes and deletions', async () => {
  await write(Array.from({ length: 40 }, (_, index) => room('ada', `room ${index}`)));
  await mirror();
  for (let index = 0; index < 40; index += 3) {
    await remove(room('ada', `room ${index}`).doName);
    await write([room('ada', `room ${index + 1}`, { storageBytes: 4_096 * index })]);
  }
  const changes = (await registryTable()).length;
  expect(changes).toBeGreaterThan(20);
  const summary = await mirror({ batchRows: 1, runRows: 1_000, runSeconds: 60 });
  expect(summary).toMatchObject({ batches: 28, deleted: 14, upserted: 14, more: false });
  await expectExactCopy();
});

test('a run stops at its limit of rows with "more", and the next run continues', async () => {
  await write(Array.from({ length: 25 }, (_, index) => room('ada', `room ${index}`)));
  const limits = { batchRows: 4, runRows: 10, runSeconds: 60 };
  expect(await mirror(limits)).toMatchObject({ batches: 3, upserted: 10, fromSeq: 0, toSeq: 10, more: true });
  expect(await checkpoint()).toBe(10);
  expect(await mirroredTable()).toHaveLength(10);
  expect(await mirror(limits)).toMatchObject({ upserted: 10, fromSeq: 10, toSeq: 20, more: true });
  expect(await mirror(limits)).toMatchObject({ upserted: 5, fromSeq: 20, toSeq: 25, more: false });
  await expectExactCopy();
});

test('a run that exceeds its time ends after the current batch', async () => {
  await write(Array.from({ length: 9 }, (_, index) => room('ada', `room ${index}`)));
  expect(await mirror({ batchRows: 3, runRows: 1_000, runSeconds: 0 })).toMatchObject({
    batches: 1,
    more: true,
  });
  expect(await checkpoint()).toBe(3);
  await mirror();
  await expectExactCopy();
});

test('overlapping runs copy each change once', async () => {
  await write(Array.from({ length: 60 }, (_, index) => room('ada', `room ${index}`)));
  const limits = { batchRows: 7, runRows: 1_000, runSeconds: 60 };
  const runs = await Promise.all([mirror(limits), mirror(limits), mirror(limits)]);
  expect(runs.reduce((sum, run) => sum + run.upserted, 0)).toBe(60);
  await expectExactCopy();
});

test('changes applied again from an earlier checkpoint change nothing', async () => {
  await write([room('ada', 'kept'), room('ada', 'recreated'), room('ada', 'gone')]);
  await remove(room('ada', 'gone').doName);
  await remove(room('ada', 'recreated').doName);
  await write([room('ada', 'recreated', { createdAt: 1_760_000_000_000 })]);
  await mirror();
  await ask('update mirror_checkpoint set seq = 0');
  expect(await mirror()).toMatchObject({ upserted: 0, deleted: 0, fromSeq: 0, toSeq: 6 });
  await expectExactCopy();
});
