import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { readMirrorReport } from '../../src/mirror/health.ts';
import { RECONCILE_INTERVAL_SECONDS } from '../../src/mirror/passes/reconcile-record.ts';
import { reconcileIfDue, type RunBounds, runMirror, runReconcile } from '../../src/mirror/passes/run.ts';
import {
  ask,
  bindings,
  checkpoint,
  emptyCopy,
  expectExactCopy,
  makeChanges,
  mirror,
  mirroredTable,
  reconcile,
  withHeldConnection,
} from './copy.ts';
import { damageCopy, WAYS } from './damage.ts';
import { proxyRecord, setProxyFault, throughProxy } from './proxy.ts';
import { createRandom } from '../../scripts/lib/random.ts';
import {
  addUser,
  emptyRegistry,
  fill,
  keepRegistry,
  latestSeq,
  registryTable,
  remove,
  room,
  write,
} from './registry.ts';

/** One range a run. */
const oneRange = (rangeRows: number) => ({ rangeRows, transactionSeconds: 0, runSeconds: 0 });
const nothingOfHistory = { missing: 0, extra: 0, different: 0, repaired: 0 };
const nothing = { ...nothingOfHistory, history: nothingOfHistory };

/** As the cron does each minute. */
async function mirrorAndReconcile(bounds: RunBounds = {}): Promise<void> {
  await reconcileIfDue(bindings, await runMirror(bindings, bounds));
}

const passes = async () =>
  Number(
    (await ask<{ n: string }>("select count(*) as n from mirror_reconcile where source = 'registry'"))[0]?.n,
  );

/**
 * Restores the registry to a time before changes that the copy has.
 * @returns the checkpoint
 */
async function restore(): Promise<number> {
  await write(['kept', 'changed', 'deleted', 'recreated'].map((name) => room('ada', name)));
  await mirror();
  await reconcile();
  const bringBack = await keepRegistry();
  await write([room('ada', 'changed', { storageBytes: 1 }), room('ada', 'new')]);
  await remove(room('ada', 'deleted').doName);
  await remove(room('ada', 'recreated').doName);
  await write([room('ada', 'recreated', { createdAt: 1_760_000_000_000 })]);
  await mirror();
  await bringBack();
  return (await checkpoint()) ?? 0;
}

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await addUser('ada');
});

test('500 random damages in 50,000 rows are all found and repaired', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.info(`damage: seed ${seed}`);
  await fill('ada', 50_000);
  await mirror();
  let damage = { missing: 0, extra: 0, different: 0 };
  await withHeldConnection(async () => {
    damage = await damageCopy(500, createRandom(seed));
  });
  expect(Object.values(damage).every((count) => count > 20)).toBe(true);
  const damaged = await ask(
    'select md5(string_agg(t::text, $1 order by do_name)) from durable_object_instance t',
    ['\n'],
  );

  const found = await reconcile('detect');
  expect(found).toMatchObject({ mode: 'detect', more: false, compared: 50_000, ...damage, repaired: 0 });
  expect(
    await ask('select md5(string_agg(t::text, $1 order by do_name)) from durable_object_instance t', ['\n']),
  ).toEqual(damaged);

  const repaired = damage.missing + damage.extra + damage.different;
  expect(await reconcile()).toMatchObject({ mode: 'repair', compared: 50_000, ...damage, repaired });
  // Compared as a whole: a diff would take longer than the test.
  expect(JSON.stringify(await mirroredTable()) === JSON.stringify(await registryTable())).toBe(true);
  expect(await reconcile()).toMatchObject({ compared: 50_000, ...nothing });
});

test('every kind of damage is found if nothing else differs', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.info(`damage: seed ${seed}`);
  vi.spyOn(console, 'info').mockImplementation(() => undefined);
  const random = createRandom(seed);
  await fill('ada', 12);
  await mirror();
  await withHeldConnection(async () => {
    for (const way of WAYS) {
      const damage = await damageCopy(1, random, [way]);
      const repaired = damage.missing + damage.extra + damage.different;
      expect(repaired, way).toBeGreaterThan(0);
      expect(await reconcile(), way).toMatchObject({ ...damage, repaired });
      await expectExactCopy();
    }
  });
});

test('only rows of differing ranges are read one by one', async () => {
  await fill('ada', 40);
  await mirror();
  await ask("update durable_object_instance set user_id = 'eve' where resource_name = 'room 7'");
  await setProxyFault(null);
  const reconcileLimits = { rangeRows: 10, transactionSeconds: 60, runSeconds: 60 };
  expect(await runReconcile(throughProxy, 'repair', { reconcileLimits })).toMatchObject({
    summary: { compared: 40, different: 1, repaired: 1 },
  });
  const { statements } = await proxyRecord();
  expect(statements.filter((sql) => sql.includes('sha256') && sql.includes('do_name'))).toHaveLength(5);
  expect(statements.filter((sql) => sql.includes('as "doName"'))).toHaveLength(1);
});

test('an empty copy is filled and the copy of an empty registry is emptied, in bounded ranges', async () => {
  await fill('ada', 95);
  await mirror();
  await ask('truncate durable_object_instance');
  const limits = { rangeRows: 10, transactionSeconds: 60, runSeconds: 60 };
  expect(await reconcile('repair', limits)).toMatchObject({
    compared: 95,
    ...nothing,
    missing: 95,
    repaired: 95,
  });
  await expectExactCopy();
  await env.DB.prepare('DELETE FROM user').run();
  await env.DB.prepare('DELETE FROM registry_tombstone WHERE seq < 190').run();
  await ask('update mirror_checkpoint set seq = 190');
  expect(await reconcile('repair', limits)).toMatchObject({
    compared: 0,
    ...nothing,
    extra: 95,
    repaired: 95,
    // What the user stored is nothing now, which no run has brought.
    history: { ...nothingOfHistory, different: 1, repaired: 1 },
  });
  await expectExactCopy();
});

test('texts of any length and times of any year are compared', async () => {
  const longest = '😀'.repeat(62);
  await addUser(longest);
  await write([
    ...Array.from({ length: 900 }, (_, index) => room(longest, `${'n'.repeat(240)}${index}`)),
    room('ada', 'late', {
      createdAt: Number.MAX_SAFE_INTEGER,
      lastAccessedAt: -1,
      storageBytes: Number.MAX_SAFE_INTEGER,
    }),
    room('ada', '😀 é \u{10ffff}', { createdAt: 0 }),
  ]);
  await mirror();
  expect(await reconcile()).toMatchObject({ compared: 902, ...nothing });
});

test('a text too long for D1 is read in shorter ranges', async () => {
  const long = 'n'.repeat(800);
  for (let part = 0; part < 2; part += 1) {
    await write(Array.from({ length: 700 }, (_, index) => room('ada', `${long}${part}-${index}`)));
  }
  await mirror();
  expect(await reconcile()).toMatchObject({ compared: 1_400, more: false, ...nothing });
});

test('a pass continues after the last run, and its counts include all runs', async () => {
  await fill('ada', 45);
  await mirror();
  await ask("update durable_object_instance set storage_bytes = -1 where do_name like '%5'");
  const runs = [];
  do runs.push(await reconcile('repair', oneRange(10)));
  while (runs.at(-1)?.more);
  // Five of rooms, and one of history.
  expect(runs).toHaveLength(6);
  expect(runs.map(({ finishedAt }) => finishedAt === null)).toEqual([true, true, true, true, true, false]);
  expect(new Set(runs.map(({ startedAt }) => startedAt)).size).toBe(1);
  expect(runs.at(-1)).toMatchObject({ compared: 45, ...nothing, different: 5, repaired: 5 });
  await expectExactCopy();
});

test('concurrent passes compare and repair each range once', async () => {
  await fill('ada', 100);
  await mirror();
  await ask('delete from durable_object_instance');
  const limits = { rangeRows: 10, transactionSeconds: 0, runSeconds: 60 };
  const runs = await Promise.all([reconcile('repair', limits), reconcile('repair', limits)]);
  // The slower one may begin a pass of its own, which finds nothing.
  const [passes] = await ask<{ repaired: string }>(
    'select sum(repaired)::text as repaired from mirror_reconcile',
  );
  expect(passes?.repaired).toBe('100');
  expect(runs.every(({ more }) => !more)).toBe(true);
  await expectExactCopy();
});

test('changes after the checkpoint are not differences', async () => {
  await makeChanges();
  const before = await mirroredTable();
  expect(await reconcile()).toMatchObject({ compared: 1, ...nothing });
  expect(await mirroredTable()).toEqual(before);
  // Nor where the range differs otherwise, and is compared row by row.
  await ask("update durable_object_instance set storage_bytes = -1 where resource_name = 'kept'");
  expect(await reconcile()).toMatchObject({ compared: 1, ...nothing, different: 1, repaired: 1 });
  expect(await mirroredTable()).toEqual(before);
  await mirror();
  await expectExactCopy();
  expect(await reconcile()).toMatchObject({ compared: 4, ...nothing });
});

test('a deleted row is not restored, with or without its tombstone', async () => {
  await write(['kept', 'deleted', 'last'].map((name) => room('ada', name)));
  await mirror();
  await remove(room('ada', 'deleted').doName);
  await mirror();
  expect(await reconcile()).toMatchObject({ compared: 2, ...nothing });
  await ask(
    "insert into durable_object_instance select 'user:ada:document:deleted', do_id, user_id, do_type, resource_name, storage_bytes, created_at, last_accessed_at, storage_measured_at, 2, now() from durable_object_instance limit 1",
  );
  await write([room('ada', 'last')]);
  await mirror();
  await env.DB.prepare('DELETE FROM registry_tombstone').run();
  expect(await reconcile()).toMatchObject({ compared: 2, ...nothing, extra: 1, repaired: 1 });
  await expectExactCopy();
});

test('a row with a later number than the checkpoint does not block changes', async () => {
  await write([room('ada', 'a'), room('ada', 'b')]);
  await mirror();
  await ask('update durable_object_instance set seq = 1000');
  await write([room('ada', 'a', { storageBytes: 7 })]);
  expect(await reconcile()).toMatchObject({ compared: 1, ...nothing, extra: 1, different: 1, repaired: 2 });
  await mirror();
  await expectExactCopy();
});

test('a row with a later number than the checkpoint is found if nothing else differs', async () => {
  await write([room('ada', 'a'), room('ada', 'b')]);
  await mirror();
  await ask("update durable_object_instance set seq = 1000 where resource_name = 'a'");
  await write([room('ada', 'a', { storageBytes: 7 })]);
  expect(await reconcile()).toMatchObject({ compared: 1, ...nothing, extra: 1, repaired: 1 });
  await mirror();
  await expectExactCopy();
});

test('a registry that changes during the pass has no differences', async () => {
  await fill('ada', 100);
  await mirror();
  const limits = { rangeRows: 20, transactionSeconds: 0, runSeconds: 60 };
  const until = new AbortController();
  const change = async () => {
    for (let index = 0; !until.signal.aborted; index += 1) {
      const name = `room ${index % 100}`;
      // Local D1 answers without ever letting a socket be read.
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (index % 3 === 0) await remove(room('ada', name).doName);
      else await write([room('ada', name, { storageBytes: index, createdAt: 1_760_000_000_000 + index })]);
    }
  };
  const carry = async () => {
    while (!until.signal.aborted) await mirror({ batchRows: 3, runRows: 10, runSeconds: 60 });
  };
  const others = Promise.all([change(), carry()]);
  try {
    for (let pass = 0; pass < 3; pass += 1) expect(await reconcile('repair', limits)).toMatchObject(nothing);
  } finally {
    until.abort();
    await others;
  }
  await mirror();
  await expectExactCopy();
});

for (const kind of ['cut', 'lose the answer'] as const) {
  test(`a pass whose connection breaks at any statement (${kind}) finds each difference once`, async () => {
    vi.spyOn(console, 'info').mockImplementation(() => undefined);
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    await fill('ada', 15);
    await mirror();
    const limits = { reconcileLimits: { rangeRows: 10, transactionSeconds: 0, runSeconds: 60 } };
    await withHeldConnection(async () => {
      let fired = true;
      for (let at = 1; fired; at += 1) {
        await ask("update durable_object_instance set storage_bytes = -1 where do_name like '%5'");
        await ask('truncate mirror_reconcile');
        await setProxyFault({ at, kind });
        const outcome = await runReconcile(throughProxy, 'repair', limits);
        ({ fired } = await proxyRecord());
        expect(outcome.state).toBe(fired ? 'failed' : 'done');
        const [record] = await ask<{ finished: boolean }>(
          'select finished_at is not null as finished from mirror_reconcile order by id desc limit 1',
        );
        // The lost answer may be the last commit's: then the pass is over.
        if (fired && record?.finished !== true) await reconcile();
        await expectExactCopy();
        const [last] = await ask(
          "select compared::int, different::int, repaired::int from mirror_reconcile where source = 'registry' order by id desc limit 1",
        );
        expect(last).toEqual({ compared: 15, different: 2, repaired: 2 });
      }
    });
  });
}

describe('a registry restored to an earlier time', () => {
  test('is detected by the next run, and the cron makes the copy equal', async () => {
    const before = await restore();
    expect(await latestSeq()).toBeLessThan(before);
    const outcome = await runMirror(bindings);
    expect(outcome).toMatchObject({ state: 'done', summary: { restored: true, toSeq: 4, more: false } });
    await reconcileIfDue(bindings, outcome);
    await expectExactCopy();
    expect(await runMirror(bindings)).toMatchObject({ summary: { restored: false } });
  });

  test('that changes before the next run has an equal copy after a reconcile pass', async () => {
    const before = await restore();
    for (let index = 0; index < 9; index += 1) await write([room('ada', 'changed', { storageBytes: index })]);
    await remove(room('ada', 'kept').doName);
    expect(await latestSeq()).toBeGreaterThan(before);
    await mirror();
    await reconcile();
    await expectExactCopy();
  });

  test('that changes during the reconcile pass has an equal copy', async () => {
    await restore();
    await mirror();
    await reconcile('repair', oneRange(1));
    await write([room('ada', 'changed', { storageBytes: 99 }), room('ada', 'kept', { storageBytes: 98 })]);
    await mirror();
    await reconcile('repair', oneRange(1));
    await remove(room('ada', 'recreated').doName);
    await mirror();
    await reconcile();
    await mirror();
    await expectExactCopy();
  });

  test('restarts an unfinished pass', async () => {
    await fill('ada', 30);
    await mirror();
    const bringBack = await keepRegistry();
    await write([room('ada', 'a'), room('ada', 'b')]);
    await mirror();
    await reconcile('repair', oneRange(10));
    await bringBack();
    await mirror();
    expect(await reconcile()).toMatchObject({ compared: 30, extra: 2, repaired: 2, more: false });
    await expectExactCopy();
  });

  test('to nothing empties the copy', async () => {
    await restore();
    await emptyRegistry();
    await env.DB.prepare('DELETE FROM registry_tombstone').run();
    const outcome = await runMirror(bindings);
    expect(outcome).toMatchObject({ summary: { restored: true, toSeq: 0 } });
    await reconcileIfDue(bindings, outcome);
    expect(await mirroredTable()).toEqual([]);
  });
});

describe('the cron', () => {
  test('reconciles after the first copy and after each interval', async () => {
    await write([room('ada', 'paper')]);
    await mirrorAndReconcile();
    await mirrorAndReconcile();
    expect(await passes()).toBe(1);
    await ask(
      `update mirror_reconcile set started_at = now() - interval '${RECONCILE_INTERVAL_SECONDS - 60} seconds'`,
    );
    await mirrorAndReconcile();
    expect(await passes()).toBe(1);
    await ask(
      `update mirror_reconcile set started_at = now() - interval '${RECONCILE_INTERVAL_SECONDS} seconds'`,
    );
    await mirrorAndReconcile();
    expect(await passes()).toBe(2);
  });

  test('sends no further statement to Postgres if no pass is due', async () => {
    await mirrorAndReconcile();
    const outcome = await runMirror(bindings);
    await reconcileIfDue({ ...bindings, HYPERDRIVE: env.HYPERDRIVE_UNREACHABLE }, outcome);
    expect(await readMirrorReport(bindings)).toMatchObject({ lastError: null });
  });

  test('continues an unfinished pass', async () => {
    await fill('ada', 30);
    await mirror();
    await reconcile('repair', oneRange(10));
    await mirrorAndReconcile();
    expect(await passes()).toBe(1);
    expect((await readMirrorReport(bindings)).lastReconcile).toMatchObject({
      compared: 30,
      finishedAt: expect.stringMatching(/Z$/),
    });
  });

  test('does not reconcile while the copy is behind or after a failed run', async () => {
    await fill('ada', 30);
    await mirrorAndReconcile({ limits: { batchRows: 1, runRows: 1, runSeconds: 60 } });
    await reconcileIfDue(bindings, { state: 'failed', error: 'down' });
    await reconcileIfDue(bindings, { state: 'off' });
    expect(await passes()).toBe(0);
  });
});
