import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';
import { createRandom } from '../../scripts/lib/random.ts';
import { endedHistoryStatement, pruneHistory } from '../../src/registry/prune/prune-history.ts';
import { readStorageDays } from '../../src/registry/changes/storage-days.ts';
import { ask, emptyCopy, expectExactCopy, mirror, mirroredHistory, reconcile } from './copy.ts';
import {
  addUser,
  deleteUser,
  emptyRegistry,
  keepRegistry,
  latestSeq,
  registryHistory,
  room,
  write,
} from './registry.ts';

const DAY_S = 86_400;
const nothing = { missing: 0, extra: 0, different: 0, repaired: 0 };

/** A day of history: its changes, `[second of the day, total since then]`. */
interface Day {
  readonly day: number;
  readonly steps: readonly (readonly [second: number, bytes: number])[];
}

/** Writes history as the triggers would have written it then, with the user's last number. */
async function keep(userId: string, days: readonly Day[]): Promise<void> {
  let bytes = 0n;
  const rows = days.map(({ day, steps }) => {
    const opened = bytes;
    let at = 0n;
    let sum = 0n;
    for (const [second, total] of steps) {
      sum += bytes * (BigInt(second) - at);
      [at, bytes] = [BigInt(second), BigInt(total)];
    }
    return [day, opened, bytes, BigInt(day * DAY_S) + at, sum].map(String);
  });
  await env.DB.prepare(
    `INSERT INTO user_storage_day (user_id, day, opened_bytes, storage_bytes, changed_at, byte_seconds, steps, seq)
     SELECT ?1, cast(value ->> 0 AS integer), cast(value ->> 1 AS integer), cast(value ->> 2 AS integer),
       cast(value ->> 3 AS integer), cast(value ->> 4 AS integer), '[]', 1 FROM json_each(?2) WHERE true
     ON CONFLICT DO NOTHING`,
  )
    .bind(userId, JSON.stringify(rows))
    .run();
}

/** Bytes times seconds of each month, from change to change, as `YYYY-MM`. */
function model(days: readonly Day[], until: number): Map<string, bigint> {
  const months = new Map<string, bigint>();
  let [at, bytes] = [0, 0];
  const go = (to: number) => {
    while (at < to) {
      const month = new Date(at * 1_000).toISOString().slice(0, 7);
      const [year = 0, number = 0] = month.split('-').map(Number);
      const ends = Math.min(to, Date.UTC(year, number) / 1_000);
      const sum = (months.get(month) ?? 0n) + BigInt(bytes) * BigInt(ends - at);
      if (bytes > 0) months.set(month, sum);
      at = ends;
    }
  };
  for (const { day, steps } of days) {
    for (const [second, total] of steps) {
      go(day * DAY_S + second);
      bytes = total;
    }
  }
  go(until);
  return months;
}

const dayOf = (date: string) => Date.parse(date) / 1_000 / DAY_S;

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await addUser('ada');
});

describe('the copied history', () => {
  test('follows every change of a size and is written only for changes', async () => {
    await write([room('ada', 'a'), room('ada', 'b', { storageBytes: 1 })]);
    expect(await mirror()).toMatchObject({ storageDays: 1 });
    await expectExactCopy();
    await write([room('ada', 'a', { lastAccessedAt: 1_760_000_000_000 })]);
    expect(await mirror()).toMatchObject({ upserted: 1, storageDays: 0 });
    await write([room('ada', 'a', { storageBytes: 2 })]);
    expect(await mirror()).toMatchObject({ storageDays: 1 });
    await deleteUser('ada');
    await mirror();
    await expectExactCopy();
    expect(await mirroredHistory()).toMatchObject([{ user_id: 'ada', storage_bytes: '0' }]);
  });

  test('has sums beyond the range of JavaScript numbers', async () => {
    await keep('ada', [
      {
        day: 10,
        steps: [
          [0, 106_000_000_000_001],
          [86_399, 3],
        ],
      },
    ]);
    await write([room('ada', 'a')]);
    await mirror();
    await expectExactCopy();
    expect(await reconcile()).toMatchObject({ history: { compared: 2, ...nothing } });
  });

  test('of years is copied completely in bounded batches', async () => {
    const users = Array.from({ length: 6 }, (_, index) => `user-${index}`);
    for (const user of users) {
      await addUser(user);
      await keep(
        user,
        Array.from({ length: 50 }, (_, day) => ({ day, steps: [[7, day]] as const })),
      );
    }
    await write(users.map((user) => room(user, 'a')));
    // Room for 80 rows a batch, and each user has 51.
    expect(await mirror({ batchRows: 20, runRows: 100, runSeconds: 60 })).toMatchObject({
      batches: 6,
      upserted: 6,
      storageDays: 306,
    });
    await expectExactCopy();
    // Of days that are over nothing is read again, so one batch has room for all.
    await write(users.map((user) => room(user, 'a', { storageBytes: 1 })));
    expect(await mirror({ batchRows: 20, runRows: 100, runSeconds: 60 })).toMatchObject({
      batches: 1,
      storageDays: 6,
    });
    await expectExactCopy();
  });

  test('of more users than one query can read is copied', async () => {
    const users = Array.from({ length: 1_100 }, (_, index) => `user-${index}`);
    await env.DB.prepare('INSERT INTO user (id, name, email) SELECT value, value, value FROM json_each(?)')
      .bind(JSON.stringify(users))
      .run();
    await write(users.map((user) => room(user, 'a')));
    expect(await mirror()).toMatchObject({ batches: 1, storageDays: 1_100 });
    await expectExactCopy();
  });

  test('is read in proportion to the users of a page and their new days', async () => {
    const users = Array.from({ length: 200 }, (_, index) => `user-${index}`);
    for (const user of users.slice(0, 5)) {
      await keep(
        user,
        Array.from({ length: 100 }, (_, day) => ({ day, steps: [[7, day]] as const })),
      );
    }
    const wanted = users.slice(0, 10).map((user) => [user, 98] as const);
    const { days, rowsRead } = await readStorageDays(env.DB, wanted, 1_000);
    expect(days).toHaveLength(10);
    // One per given user, and the rows of the users.
    expect(rowsRead).toBeLessThanOrEqual(2 * (10 + 10));
  });

  test('from before the mirror had the table is added by the reconcile pass', async () => {
    await write([room('ada', 'a')]);
    await mirror();
    await ask('truncate user_storage_day');
    expect(await reconcile()).toMatchObject({ ...nothing, history: { ...nothing, missing: 1, repaired: 1 } });
    await expectExactCopy();
  });

  const ways: Readonly<Record<string, readonly [sql: string, found: Partial<typeof nothing>]>> = {
    'opened_bytes, by a byte': ['set opened_bytes = opened_bytes + 1', { different: 1 }],
    'storage_bytes, by a byte': ['set storage_bytes = storage_bytes - 1', { different: 1 }],
    'byte_seconds, by one': ['set byte_seconds = byte_seconds + 1', { different: 1 }],
    'changed_at, by a millisecond': [
      "set changed_at = changed_at + interval '1 millisecond'",
      { different: 1 },
    ],
    'changed_at, infinite': ["set changed_at = 'infinity'", { different: 1 }],
    'seq, forward': ['set seq = 1000', { different: 1 }],
    'seq, back': ['set seq = seq - 1', { different: 1 }],
    'a sum moved to the next column': [
      'set opened_bytes = storage_bytes, storage_bytes = opened_bytes',
      { different: 1 },
    ],
    'day, by one': ['set day = day + 1', { missing: 1, extra: 1 }],
    'day, infinite': ["set day = 'infinity'", { missing: 1, extra: 1 }],
    'user_id, another of the registry': ["set user_id = 'bob', day = '2200-01-01'", { missing: 1, extra: 1 }],
  };
  test.each(Object.entries(ways))('damaged (%s) is found and repaired', async (_way, [change, found]) => {
    await addUser('bob');
    await keep('ada', [
      {
        day: 10,
        steps: [
          [0, 3],
          [9, 5],
        ],
      },
      { day: 12, steps: [[86_399, 8]] },
      { day: 20, steps: [[1, 0]] },
    ]);
    await write([room('ada', 'a'), room('bob', 'a')]);
    await mirror();
    expect(await reconcile()).toMatchObject({ history: { compared: 5, ...nothing } });
    await ask(`update user_storage_day ${change} where user_id = 'ada' and day = date '1970-01-13'`);
    const counts = { ...nothing, ...found };
    const damaged = await mirroredHistory();
    expect(await reconcile('detect')).toMatchObject({ ...nothing, history: { compared: 5, ...counts } });
    expect(await mirroredHistory()).toEqual(damaged);
    const repaired = Object.values(found).reduce((sum, count) => sum + count, 0);
    expect(await reconcile()).toMatchObject({ history: { compared: 5, ...counts, repaired } });
    await expectExactCopy();
  });

  test('is compared in bounded ranges of whole users, and keeps its rows after damage', async () => {
    const limits = { rangeRows: 3, transactionSeconds: 60, runSeconds: 60 };
    for (const user of ['ada', 'bob', 'cy', 'd\u{1f600}']) {
      await addUser(user);
      await keep(
        user,
        Array.from({ length: 8 }, (_, day) => ({ day, steps: [[7, day]] as const })),
      );
      await write([room(user, 'a')]);
    }
    await mirror();
    expect(await reconcile('repair', limits)).toMatchObject({ history: { compared: 36, ...nothing } });
    await ask("delete from user_storage_day where user_id in ('ada', 'cy') and day = date '1970-01-04'");
    await ask(
      `insert into user_storage_day select user_id, day + 100, opened_bytes, storage_bytes, changed_at, byte_seconds, seq, null, now()
       from user_storage_day where user_id = 'bob' and day < date '1970-01-09'`,
    );
    expect(await reconcile('repair', limits)).toMatchObject({
      history: { compared: 36, missing: 2, extra: 8, different: 0, repaired: 10 },
    });
    await expectExactCopy();
  });

  test('that exceeds a value of D1 is compared in shorter ranges', async () => {
    const users = Array.from({ length: 4 }, (_, index) => `${'u'.repeat(1_000)}${index}`);
    for (const user of users) {
      await addUser(user);
      await keep(
        user,
        Array.from({ length: 600 }, (_, day) => ({ day, steps: [[7, day]] as const })),
      );
    }
    await write([room('ada', 'a')]);
    await mirror();
    const counts = { compared: 2_401, missing: 2_400, extra: 0, different: 0 };
    expect(await reconcile()).toMatchObject({ more: false, history: { ...counts, repaired: 2_400 } });
    expect(await reconcile()).toMatchObject({ more: false, history: { compared: 2_401, ...nothing } });
    await expectExactCopy();
  });

  test('waits for the incremental pass if the ids of changed users exceed a value of D1', async () => {
    const users = Array.from({ length: 2_100 }, (_, index) => `${'u'.repeat(900)}${index}`);
    await env.DB.prepare('INSERT INTO user (id, name, email) SELECT value, value, value FROM json_each(?)')
      .bind(JSON.stringify(users.map((user) => user)))
      .run();
    await write(users.map((user) => room(user, 'a')));
    expect(await reconcile()).toMatchObject({ more: true, finishedAt: null });
    while ((await mirror()).more);
    expect(await reconcile()).toMatchObject({ more: false, history: nothing });
    await expectExactCopy();
  });

  test('of a deleted user stays when the registry prunes it and is no longer compared', async () => {
    await keep('ada', [{ day: 10, steps: [[0, 5]] }]);
    await write([room('ada', 'a')]);
    await addUser('bob');
    await write([room('bob', 'a')]);
    await deleteUser('ada');
    await mirror();
    const before = await ask("select * from user_storage_day where user_id = 'ada' order by day");
    expect(before).toHaveLength(2);
    const prunable = { mirroredThrough: await latestSeq(), deletedBefore: Date.now() + 10_000 };
    expect(await endedHistoryStatement(env.DB, prunable).first()).not.toBeNull();
    expect(await pruneHistory(env.DB, prunable)).toBe(2);

    const ofAda = "select * from user_storage_day where user_id = 'ada' order by day";
    expect(await reconcile()).toMatchObject({ ...nothing, history: { compared: 1, ...nothing } });
    const kept = await ask(ofAda);
    expect(kept).toEqual(before.map((row) => ({ ...row, gone_at: expect.any(Date) })));
    expect(await reconcile()).toMatchObject({ ...nothing, history: { compared: 1, ...nothing } });
    expect(await ask(ofAda)).toEqual(kept);
    await expectExactCopy();

    // A user of an external issuer may come back under the same id.
    await addUser('ada');
    await write([room('ada', 'again', { storageBytes: 7 })]);
    await mirror();
    await expectExactCopy();
    expect(await reconcile()).toMatchObject({ history: { compared: 2, ...nothing } });
    expect(await ask("select from user_storage_day where user_id = 'ada'")).toHaveLength(2);
  });

  test('of changes that a restored registry has lost is deleted', async () => {
    await write([room('ada', 'a')]);
    await mirror();
    await reconcile();
    const bringBack = await keepRegistry();
    await addUser('eve');
    await write([room('ada', 'a', { storageBytes: 1 }), room('eve', 'a')]);
    await mirror();
    await bringBack();
    expect(await mirror()).toMatchObject({ restored: true });
    expect(await reconcile()).toMatchObject({ history: { missing: 1, repaired: 1 } });
    expect(await mirroredHistory()).toEqual(await registryHistory());
    expect(await ask("select from user_storage_day where user_id = 'eve'")).toEqual([]);
  });

  test('of a user with changes after the checkpoint is not a difference', async () => {
    await write([room('ada', 'a'), room('ada', 'b')]);
    await mirror();
    await write([
      room('ada', 'a', { storageBytes: 1 }),
      room('ada', 'a', { storageBytes: 1, lastAccessedAt: 3 }),
    ]);
    const before = await mirroredHistory();
    expect(await reconcile()).toMatchObject({ history: { compared: 0, ...nothing } });
    expect(await mirroredHistory()).toEqual(before);
    await mirror({ batchRows: 1, runRows: 1, runSeconds: 60 });
    expect(await reconcile()).toMatchObject({ history: { compared: 1, ...nothing } });
    await expectExactCopy();
  });
});

describe('user_storage_month', () => {
  test('has gigabyte-months by user and month, equal to a model', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.info(`storage of months: seed ${seed}`);
    const random = createRandom(seed);
    const below = (bound: number) => Math.floor(random() * bound);
    const users = ['ada', 'bob', 'cy'];
    const expected: unknown[] = [];
    for (const user of users) {
      await addUser(user);
      const days: Day[] = [];
      for (
        let day = dayOf('2023-11-20') + below(20);
        day < dayOf('2025-04-01');
        day += 1 + below(below(2) ? 90 : 3)
      ) {
        const seconds = [0, 86_399, ...Array.from({ length: 3 }, () => below(DAY_S))].slice(below(4));
        const sorted = [...new Set(seconds)].toSorted((one, other) => one - other);
        days.push({
          day,
          steps: sorted.map((second) => [second, below(4) === 0 ? 0 : below(106e12)] as const),
        });
      }
      await keep(user, days);
      // Only past months: the current month is counted until now.
      for (const [month, sum] of model(days, Date.UTC(2025, 11) / 1_000)) {
        const length =
          new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0)).getUTCDate() * DAY_S;
        const gbMonths = (Number(sum) / 1e9 / length).toFixed(3);
        expected.push({
          user_id: user,
          month: `${month}-01`,
          byte_seconds: String(sum),
          gb_months: gbMonths,
        });
      }
      await write([room(user, 'a')]);
    }
    await mirror();
    expect(
      await ask(
        `select user_id, month::text, byte_seconds::text, round(gb_months, 3)::text as gb_months from user_storage_month
         where month < '2025-12-01' and byte_seconds > 0 order by user_id, month`,
      ),
    ).toEqual(expected);
  });

  test('counts until now, or until the row was marked as gone', async () => {
    const midnight = Math.floor(Date.now() / 1_000 / DAY_S) * DAY_S;
    await ask(
      `insert into user_storage_day values
         ('here', '2020-02-28', 0, 1000, '2020-02-29 00:00:00Z', 0, 1, null, now()),
         ('gone', '2020-02-28', 0, 1000, '2020-02-29 00:00:00Z', 0, 1, '2020-03-02 00:00:10Z', now())`,
    );
    const sums = await ask<{ user_id: string; months: number; sum: string }>(
      `select user_id, count(*)::int as months, sum(byte_seconds)::text as sum from user_storage_month group by 1 order by 1`,
    );
    expect(sums[0]).toEqual({
      user_id: 'gone',
      months: 2,
      sum: String(1_000 * (2 * DAY_S + 10)),
    });
    const here = Number(sums[1]?.sum) / 1_000 + Date.UTC(2020, 1, 29) / 1_000;
    expect(here).toBeGreaterThan(midnight - 1);
    expect(here).toBeLessThan(Date.now() / 1_000 + 10);
    const inFebruary = 'byte_seconds = 86400000 and round(gb_months, 15) = round(0.000001 / 29, 15)';
    expect(
      await ask(`select ${inFebruary} as exact from user_storage_month where month = '2020-02-01'`),
    ).toEqual([{ exact: true }, { exact: true }]);
  });
});
