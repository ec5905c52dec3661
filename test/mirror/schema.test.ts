import { env } from 'cloudflare:workers';
import { beforeEach, expect, test } from 'vitest';
import guide from '../../docs/guide/mirror.md?raw';
import { getVersionProblem } from '../../src/mirror/postgres/check-schema.ts';
import { runMirror, runReconcile } from '../../src/mirror/passes/run.ts';
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
import { addUser, emptyRegistry, remove, room, write } from './registry.ts';

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await ask('truncate beside_others.durable_object_instance, beside_others.mirror_checkpoint');
  await addUser('ada');
  await write([room('ada', 'paper')]);
});

test('the copy is only in the schema of MIRROR_SCHEMA', async () => {
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

test('both passes need exactly the privileges in the guide: a run names a missing one and writes nothing', async () => {
  const as = { ...bindings, HYPERDRIVE: env.HYPERDRIVE_GRANTED, MIRROR_SCHEMA: 'granted' };
  const grants = [...guide.matchAll(/^((?:grant|alter default) .* to worker;)$/gm)].map(([, sql = '']) =>
    sql.replace('schema name', 'schema granted'),
  );
  const [usage = '', tables = '', later = ''] = grants;
  expect(grants).toHaveLength(3);

  expect(await failToMirror(as)).toBe(
    `Postgres does not let "worker" use the schema "granted". As its owner: ${usage}`,
  );
  await ask(usage);
  expect(await failToMirror(as)).toMatch(/does not let "worker" select, insert, update, delete on/);
  await ask(tables);
  const names = ['durable_object_instance', 'user_storage_day', 'mirror_checkpoint', 'mirror_reconcile'];
  for (const table of names) {
    for (const right of ['select', 'insert', 'update', 'delete']) {
      await ask(`revoke ${right} on granted.${table} from worker`);
      expect(await failToMirror(as)).toBe(
        `Postgres does not let "worker" ${right} on ${table}. As its owner: ${tables}`,
      );
      await ask(`grant ${right} on granted.${table} to worker`);
    }
  }
  expect(await ask('select from granted.mirror_checkpoint')).toEqual([]);

  expect(await runMirror(as)).toMatchObject({ state: 'done', summary: { upserted: 1 } });
  await write([room('ada', 'late')]);
  await remove(room('ada', 'paper').doName);
  expect(await runMirror(as)).toMatchObject({ state: 'done', summary: { upserted: 1, deleted: 1 } });
  await ask('update granted.durable_object_instance set storage_bytes = 1');
  await ask(
    "insert into granted.durable_object_instance select 'extra', do_id, user_id, do_type, resource_name, storage_bytes, created_at, last_accessed_at, storage_measured_at, seq, now() from granted.durable_object_instance",
  );
  expect(await runReconcile(as, 'repair')).toMatchObject({
    state: 'done',
    summary: { different: 1, extra: 1, repaired: 2 },
  });

  await ask(later);
  await ask('create table granted.of_a_later_migration (id int)');
  const mayAll =
    "has_table_privilege('worker', 'granted.of_a_later_migration', 'select, insert, update, delete')";
  expect(await ask(`select ${mayAll} as may`)).toEqual([{ may: true }]);
  await ask('drop table granted.of_a_later_migration');
});

test('a missing migration is reported with the command that applies it, before any write', async () => {
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

test("tables that are not the mirror's are reported and not written", async () => {
  const others = { ...bindings, MIRROR_SCHEMA: 'of_others' };
  expect(await failToMirror(others)).toMatch(
    /not the mirror's: .*do_name is text, not text COLLATE "C"; .*seq is integer, not bigint.*MIRROR_SCHEMA/,
  );
  expect(await ask('select from of_others.durable_object_instance')).toEqual([]);
  expect(await failToMirror({ ...bindings, MIRROR_SCHEMA: 'nowhere' })).toMatch(
    /lacks durable_object_instance/,
  );
});

test('an invalid MIRROR_SCHEMA fails the run', async () => {
  for (const schema of ['public; drop table x', 'A', '"', 'pg_catalog', 'ä', '1', 'x'.repeat(64)]) {
    expect(await failToMirror({ ...bindings, MIRROR_SCHEMA: schema }), schema).toMatch(
      /^MIRROR_SCHEMA must be/,
    );
  }
});

test('a Postgres older than 14 is refused', () => {
  expect(getVersionProblem(130_023)).toMatch(/Postgres 13 is too old.*14 or later/);
  expect(getVersionProblem(140_000)).toBeNull();
  expect(getVersionProblem(180_004)).toBeNull();
});
