import { beforeEach, expect, test } from 'vitest';
import { versionProblem } from '../../src/mirror/check-schema.ts';
import { runMirror, runReconcile } from '../../src/mirror/run.ts';
import {
  ask,
  bindings,
  checkpoint,
  emptyCopy,
  expectExactCopy,
  failToMirror,
  mirror,
  mirroredTable,
} from './copy.ts';
import { addUser, emptyRegistry, room, write } from './registry.ts';

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await ask('truncate beside_others.durable_object_instance, beside_others.mirror_checkpoint');
  await addUser('ada');
  await write([room('ada', 'paper')]);
});

test('the copy is kept in the schema of MIRROR_SCHEMA, and nowhere else', async () => {
  const beside = { ...bindings, MIRROR_SCHEMA: 'beside_others' };
  expect(await runMirror(beside)).toMatchObject({ state: 'done', summary: { upserted: 1 } });
  expect(await runReconcile(beside, 'repair')).toMatchObject({
    state: 'done',
    summary: { compared: 1, missing: 0 },
  });
  expect(await ask('select resource_name from beside_others.durable_object_instance')).toEqual([
    { resource_name: 'paper' },
  ]);
  expect(await ask('select seq::int from beside_others.mirror_checkpoint')).toEqual([{ seq: 1 }]);
  expect(await mirroredTable()).toEqual([]);
  expect(await checkpoint()).toBeNull();
});

test('a migration that is missing is told with the command that applies it, before anything is written', async () => {
  await ask('alter table mirror_reconcile rename column compared_through to through');
  try {
    expect(await failToMirror()).toBe(
      'Postgres lacks mirror_reconcile.compared_through. Apply the migrations: npm run migrate:pg -- <url>.',
    );
  } finally {
    await ask('alter table mirror_reconcile rename column through to compared_through');
  }
  expect(await mirroredTable()).toEqual([]);
  await mirror();
  await expectExactCopy();
});

test("tables that are not the mirror's are told apart, and not written", async () => {
  const others = { ...bindings, MIRROR_SCHEMA: 'of_others' };
  expect(await failToMirror(others)).toMatch(
    /not the mirror's: .*do_name is text, not text COLLATE "C"; .*seq is integer, not bigint.*MIRROR_SCHEMA/,
  );
  expect(await ask('select from of_others.durable_object_instance')).toEqual([]);
  expect(await failToMirror({ ...bindings, MIRROR_SCHEMA: 'nowhere' })).toMatch(
    /lacks durable_object_instance/,
  );
});

test('a MIRROR_SCHEMA that is no name fails the run', async () => {
  for (const schema of ['public; drop table x', 'A', '"', 'pg_catalog', 'ä', '1', 'x'.repeat(64)]) {
    expect(await failToMirror({ ...bindings, MIRROR_SCHEMA: schema }), schema).toMatch(
      /^MIRROR_SCHEMA must be/,
    );
  }
});

test('a Postgres older than 14 is refused by its version', () => {
  expect(versionProblem(130_023)).toMatch(/Postgres 13 is too old.*14 or later/);
  expect(versionProblem(140_000)).toBeNull();
  expect(versionProblem(180_004)).toBeNull();
});
