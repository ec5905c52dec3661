import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readMirrorReport } from '../../src/mirror/health.ts';
import { POSTGRES_TIMEOUTS, withPostgres } from '../../src/mirror/postgres/connect.ts';
import { runMirror } from '../../src/mirror/passes/run.ts';
import { createCountedD1 } from '../worker/support/counted-d1.ts';
import {
  ask,
  bindings,
  checkpoint,
  emptyCopy,
  expectExactCopy,
  failToMirror,
  mirror,
  mirroredTable,
  postgresUrl,
  withHeldConnection,
} from './copy.ts';
import { addUser, emptyRegistry, registryTable, remove, room, write } from './registry.ts';

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await addUser('ada');
});

describe('a batch whose connection Postgres cuts', () => {
  beforeEach(async () => {
    await ask(`create or replace function cut_connection() returns trigger language plpgsql as $$
      begin
        perform pg_terminate_backend(pg_backend_pid());
        perform pg_sleep(1);
        return null;
      end $$`);
  });
  afterEach(async () => {
    await ask('drop function if exists cut_connection() cascade');
  });

  const cuts = {
    'while it deletes': 'after delete on durable_object_instance',
    'while it writes rows': 'after insert on durable_object_instance',
    'between the rows and the checkpoint': 'before update on mirror_checkpoint',
  };
  for (const [moment, event] of Object.entries(cuts)) {
    test(`${moment} changes neither rows nor checkpoint, and the next run continues`, async () => {
      await write(['kept', 'changed', 'deleted'].map((name) => room('ada', name)));
      await mirror();
      const before = { rows: await mirroredTable(), checkpoint: await checkpoint() };
      await write([room('ada', 'changed', { storageBytes: 1 }), room('ada', 'new')]);
      await remove(room('ada', 'deleted').doName);

      await ask(`create trigger cut ${event} execute function cut_connection()`);
      expect(await failToMirror()).toMatch(/57P01|terminat/i);
      expect({ rows: await mirroredTable(), checkpoint: await checkpoint() }).toEqual(before);

      await ask('drop function cut_connection() cascade');
      expect(await mirror()).toMatchObject({ upserted: 2, deleted: 1, more: false });
      await expectExactCopy();
    });
  }

  test('while it commits changes neither rows nor checkpoint, and the next run continues', async () => {
    await write([room('ada', 'paper')]);
    await ask(`create constraint trigger cut after insert on durable_object_instance
      deferrable initially deferred for each row execute function cut_connection()`);
    await failToMirror();
    expect(await mirroredTable()).toEqual([]);
    expect(await checkpoint()).toBeNull();

    await ask('drop function cut_connection() cascade');
    await mirror();
    await expectExactCopy();
  });

  test('keeps the batches before it', async () => {
    await write(Array.from({ length: 6 }, (_, index) => room('ada', `room ${index}`)));
    await ask(`create trigger cut after insert on durable_object_instance for each row
      when (new.resource_name = 'room 4') execute function cut_connection()`);
    await expect(mirror({ batchRows: 2, runRows: 100, runSeconds: 60 })).rejects.toThrow(/failed/);
    expect(await checkpoint()).toBe(4);
    expect(await mirroredTable()).toHaveLength(4);
    expect((await readMirrorReport(bindings)).checkpointSeq).toBe(4);

    await ask('drop function cut_connection() cascade');
    expect(await mirror()).toMatchObject({ upserted: 2, fromSeq: 4, toSeq: 6 });
    await expectExactCopy();
  });
});

test('a failing statement undoes its batch, and the next run continues', async () => {
  await write([room('ada', 'paper')]);
  await ask('alter table durable_object_instance add constraint refuse check (storage_bytes < 0)');
  try {
    expect(await failToMirror()).toMatch(/refuse.*23514/);
  } finally {
    await ask('alter table durable_object_instance drop constraint refuse');
  }
  expect(await checkpoint()).toBeNull();
  await mirror();
  await expectExactCopy();
});

test('a lock held by another session ends the run within its timeout, and the next run continues', async () => {
  await write([room('ada', 'paper')]);
  const timeouts = { ...POSTGRES_TIMEOUTS, lockMs: 100 };
  await withPostgres(postgresUrl(), POSTGRES_TIMEOUTS, async (other) => {
    await other.query('begin');
    await other.query('lock table durable_object_instance in share mode');
    expect(await failToMirror(bindings, { timeouts })).toMatch(/lock timeout.*55P03/);
    await other.query('rollback');
  });
  await mirror();
  await expectExactCopy();
});

test('a run whose page does not pass the checkpoint reads it once and ends', async () => {
  // Beyond what a number of JavaScript holds the numbers of neighbours are read as one.
  const first = 2 ** 53;
  await write([room('ada', 'a')], first);
  await mirror();
  await write([room('ada', 'b'), room('ada', 'c')]);
  const counted = createCountedD1();
  const limits = { batchRows: 1, runRows: 100_000, runSeconds: 20 };
  const outcome = await runMirror({ ...bindings, DB: counted.DB }, { limits });
  expect(outcome).toMatchObject({ state: 'done', summary: { batches: 0, more: true } });
  // The page, the latest number, the status.
  expect(counted.trips).toBeLessThan(6);
});

test('a run reads nothing while another holds the checkpoint', async () => {
  await write([room('ada', 'paper')]);
  await mirror();
  const timeouts = { ...POSTGRES_TIMEOUTS, lockMs: 100 };
  await withPostgres(postgresUrl(), POSTGRES_TIMEOUTS, async (other) => {
    await other.query('begin');
    await other.query('select 1 from mirror_checkpoint for update');
    expect(await failToMirror(bindings, { timeouts })).toMatch(/lock timeout.*55P03/);
    await other.query('rollback');
  });
  expect(await mirror()).toMatchObject({ batches: 0, more: false });
});

test('a slow statement ends the run within its timeout, and the next run continues', async () => {
  await write([room('ada', 'paper')]);
  await ask(`create function dawdle() returns trigger language plpgsql as
    $$ begin perform pg_sleep(60); return null; end $$`);
  await ask('create trigger dawdle after insert on durable_object_instance execute function dawdle()');
  try {
    const timeouts = { ...POSTGRES_TIMEOUTS, statementMs: 100 };
    expect(await failToMirror(bindings, { timeouts })).toMatch(/statement timeout.*57014/);
  } finally {
    await ask('drop function dawdle() cascade');
  }
  await mirror();
  await expectExactCopy();
});

test('two hundred successful and failed runs leave no open connection', async () => {
  vi.spyOn(console, 'info').mockImplementation(() => undefined);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  for (let index = 0; index < 100; index += 1) {
    if (index % 10 === 0) await write([room('ada', `room ${index}`)]);
    await Promise.all([mirror(), failToMirror({ ...bindings, HYPERDRIVE: env.HYPERDRIVE_UNMIGRATED })]);
  }
  vi.restoreAllMocks();
  // Postgres ends a session a moment after its client has said goodbye.
  await vi.waitFor(async () => {
    const others = await ask(
      `select state, query from pg_stat_activity
       where application_name = 'roomkeeper-mirror' and pid <> pg_backend_pid()`,
    );
    expect(others).toEqual([]);
  });
});

test('a Postgres that is read-only fails the run, and the next run continues', async () => {
  await write([room('ada', 'paper')]);
  const [database] = await ask<{ name: string }>('select quote_ident(current_database()) as name');
  await ask(`alter database ${database?.name} set default_transaction_read_only = on`);
  try {
    expect(await failToMirror()).toMatch(/read-only transaction.*25006/);
  } finally {
    await withHeldConnection(async () => {
      await ask('set default_transaction_read_only = off');
      await ask(`alter database ${database?.name} reset default_transaction_read_only`);
    });
  }
  await mirror();
  await expectExactCopy();
});

test('a full disk of Postgres fails the run without its batch, and the next run continues', async () => {
  await write([room('ada', 'paper')]);
  await ask(`create function fill_disk() returns trigger language plpgsql as $$
    begin
      raise exception 'could not extend file: No space left on device' using errcode = 'disk_full';
    end $$`);
  await ask('create trigger fill_disk before update on mirror_checkpoint execute function fill_disk()');
  try {
    expect(await failToMirror()).toMatch(/No space left.*53100/);
  } finally {
    await ask('drop function fill_disk() cascade');
  }
  expect(await mirroredTable()).toEqual([]);
  expect(await checkpoint()).toBeNull();
  await mirror();
  await expectExactCopy();
});

describe('a broken Postgres', () => {
  const troubles = {
    unreachable: { hyperdrive: env.HYPERDRIVE_UNREACHABLE, says: /./ },
    'refusing the password': { hyperdrive: env.HYPERDRIVE_WRONG_PASSWORD, says: /28P01/ },
    'that does not know the user': { hyperdrive: env.HYPERDRIVE_UNKNOWN_USER, says: /28P01/ },
    'without the database': {
      hyperdrive: env.HYPERDRIVE_NO_DATABASE,
      says: /"nowhere" does not exist.*3D000/,
    },
    'without our tables': {
      hyperdrive: env.HYPERDRIVE_UNMIGRATED,
      says: /lacks durable_object_instance, user_storage_day, mirror_checkpoint, mirror_reconcile.*npm run migrate:pg/,
    },
    silent: { hyperdrive: env.HYPERDRIVE_SILENT, says: /connecting to Postgres took longer than 500 ms/ },
  };
  for (const [trouble, { hyperdrive, says }] of Object.entries(troubles)) {
    test(`${trouble} fails the run, is reported to operators, changes nothing, and is cleared by a successful run`, async () => {
      await write([room('ada', 'paper')]);
      await mirror();
      await write([room('ada', 'paper', { storageBytes: 99 })]);
      const registry = await registryTable();

      const timeouts = { ...POSTGRES_TIMEOUTS, connectMs: 500 };
      const error = await failToMirror({ ...bindings, HYPERDRIVE: hyperdrive }, { timeouts });
      expect(error).toMatch(says);
      const password = new URL(hyperdrive.connectionString).password;
      expect(password).not.toBe('');
      expect(error).not.toContain(password);
      expect(error).not.toContain(hyperdrive.connectionString);
      expect(await registryTable()).toEqual(registry);
      expect(await readMirrorReport(bindings)).toMatchObject({
        checkpointSeq: 1,
        lagRows: 1,
        lastError: { message: error, at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/) },
      });

      await mirror();
      expect(await readMirrorReport(bindings)).toMatchObject({
        checkpointSeq: 2,
        lagRows: 0,
        lastError: null,
      });
      await expectExactCopy();
    });
  }
});
