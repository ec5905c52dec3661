import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { DAY_S } from '../../../src/registry/read/storage-curve.ts';
import { deleteInstance } from '../../../src/registry/write/delete-instance.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { awayFromMidnight, clock, readDays, letDaysPass, shiftLastDay, parseSteps } from './days.ts';
import { deleteUser, loseRow, report, readRow, signUp, T0, readTombstone } from './reports.ts';

/** What a room counts with at most, and a user. */
const MAX_ROOM_BYTES = 2 ** 40;
const MAX_USER_BYTES = Math.floor(Number((2n ** 63n - 1n) / BigInt(DAY_S)));

let user: string;
let measuredAt = T0;

beforeEach(async () => {
  await awayFromMidnight();
  user = await signUp();
});

const run = (sql: string, ...parameters: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...parameters)
    .run();

/** A room reports this size. */
async function store(name: string, storageBytes: number, of = user): Promise<void> {
  measuredAt += 1;
  await upsertInstance(env.DB, report(of, name, { measurement: { storageBytes, measuredAt } }));
}

const nameOf = (name: string) => report(user, name).doName;

const days = () => readDays(user);

const totalOf = async (of = user) => (await readDays(of)).at(-1)?.storage_bytes;

describe('the storage history of a user', () => {
  it('follows every statement that changes a size: reports, recreations, deletions, lost rows, repairs, plain SQL', async () => {
    await upsertInstance(env.DB, report(user, 'unmeasured'));
    expect(await days()).toEqual([]);
    await store('notes', 8_192);
    expect(await totalOf()).toBe(8_192);
    await store('plan', 4_096);
    await store('notes', 4_096);
    expect(await totalOf()).toBe(8_192);
    await upsertInstance(env.DB, report(user, 'notes', { createdAt: T0 + 1 }));
    expect(await totalOf()).toBe(4_096);
    await deleteInstance(env.DB, { doName: nameOf('plan'), createdAt: T0 });
    expect(await totalOf()).toBe(0);
    await store('sketch', 4_096);
    await loseRow(nameOf('sketch'));
    expect(await totalOf()).toBe(0);
    const [external, other] = [await signUp(`https://issuer.example#${user}`), await signUp()];
    await store('sketch', 4_096, external);
    await run(
      'UPDATE durable_object_instance SET decoded_user_id = ?, storage_bytes = 5 WHERE do_name = ?',
      other,
      report(external, 'sketch').doName,
    );
    expect([await totalOf(external), await totalOf(other)]).toEqual([0, 5]);
    await store('sketch', 8_192, external);
    expect([await totalOf(external), await totalOf(other)]).toEqual([8_192, 0]);
    await store('sketch', 4_096);
    await run(
      'UPDATE durable_object_instance SET do_name = ? WHERE do_name = ?',
      report(other, 'sketch').doName,
      nameOf('sketch'),
    );
    expect([await totalOf(), await totalOf(other)]).toEqual([0, 4_096]);
    // More changes than seconds have passed: of those within one the last counts.
    const seconds = (await days()).flatMap(parseSteps).map(([second]) => second);
    expect(seconds.length).toBe(new Set(seconds).size);
    await run('UPDATE durable_object_instance SET storage_bytes = NULL, storage_measured_at = NULL');
    expect(await totalOf()).toBe(0);
  });

  it('starts with the current storage of all users when it is installed', async () => {
    await store('notes', 8_192);
    await store('plan', 4_096);
    await upsertInstance(env.DB, report(user, 'unmeasured'));
    const without = await signUp();
    await upsertInstance(env.DB, report(without, 'unmeasured'));
    const migration = env.TEST_MIGRATIONS.find(({ name }) => name.includes('user_storage_triggers'));
    const seed = migration?.queries.findLast((query) => query.includes('INSERT INTO')) ?? '';
    await run('DELETE FROM user_storage_day');
    const earliest = await clock();
    await run(seed);
    const [row] = await days();
    expect(row).toMatchObject({
      day: Math.floor(earliest / DAY_S),
      opened_bytes: 0,
      storage_bytes: 12_288,
      byte_seconds: 0,
      seq: (await readRow(nameOf('unmeasured')))?.seq,
    });
    expect(row?.changed_at).toBeGreaterThanOrEqual(earliest);
    expect(row && parseSteps(row)).toEqual([[(row?.changed_at ?? 0) % DAY_S, 12_288]]);
    expect(await totalOf(without)).toBe(0);
    await store('plan', 8_192);
    expect(await totalOf()).toBe(16_384);
  });

  it('has the number of the change that wrote it, for a deletion that of the tombstone', async () => {
    await store('notes', 8_192);
    expect((await days()).at(-1)?.seq).toBe((await readRow(nameOf('notes')))?.seq);
    await store('notes', 4_096);
    expect((await days()).at(-1)?.seq).toBe((await readRow(nameOf('notes')))?.seq);
    await deleteInstance(env.DB, { doName: nameOf('notes'), createdAt: T0 });
    expect((await days()).at(-1)?.seq).toBe((await readTombstone(nameOf('notes')))?.seq);
  });

  it('ends at 0 when the account and its rows are deleted', async () => {
    await store('notes', 8_192);
    await store('plan', 4_096);
    await deleteUser(user);
    const [row] = await days();
    expect(row).toMatchObject({ storage_bytes: 0, seq: (await readTombstone(nameOf('plan')))?.seq });
    const ended = await env.DB.prepare('SELECT ended_at FROM storage_history_ended WHERE user_id = ?')
      .bind(user)
      .first();
    expect(ended).toEqual({ ended_at: row?.changed_at });
  });

  it('has a row for each day with changes, with one step per second', async () => {
    await store('notes', 8_192);
    const startedAt = (await days())[0]?.changed_at ?? 0;
    await letDaysPass(user, 3);
    await store('notes', 4_096);
    await letDaysPass(user, 1);
    await store('notes', 12_288);
    const kept = await days();
    expect(kept).toHaveLength(3);
    expect(kept.map(({ opened_bytes: opened }) => opened)).toEqual([0, 8_192, 4_096]);
    expect(kept.map(({ storage_bytes: bytes }) => bytes)).toEqual([8_192, 4_096, 12_288]);
    expect(kept[1]?.byte_seconds).toBe(8_192 * ((kept[1]?.changed_at ?? 0) % DAY_S));
    expect(kept[2]?.byte_seconds).toBe(4_096 * ((kept[2]?.changed_at ?? 0) % DAY_S));
    // All within this test, so that many seconds of the day after the first change.
    expect((kept[2]?.changed_at ?? 0) - startedAt).toBeLessThan(60);
    expect(kept.map(({ day }) => day)).toEqual(kept.map((row) => Math.floor(row.changed_at / DAY_S)));
    expect(kept.map((row) => parseSteps(row).at(-1)?.[1])).toEqual([8_192, 4_096, 12_288]);
  });

  it('counts no time twice if the clock goes back', async () => {
    await store('notes', 8_192);
    await shiftLastDay(user, -5);
    const [before] = await days();
    await store('notes', 4_096);
    expect(await days()).toMatchObject([
      { changed_at: before?.changed_at, byte_seconds: before?.byte_seconds, storage_bytes: 4_096 },
    ]);
  });

  it('keeps a thousand changes per day, then the last one of each minute, with exact sums', async () => {
    await store('notes', 8_192);
    const now = (await days())[0]?.changed_at ?? 0;
    const at = now % DAY_S;
    const steps = Array.from({ length: 1_000 }, (_, index) => [index, 8_192]);
    // As if it had begun at midnight with a thousand changes, the last of them half a minute ago.
    steps[999] = [at - 30, 8_192];
    await run(
      'UPDATE user_storage_day SET steps = ?2, changed_at = ?3, byte_seconds = ?4 WHERE user_id = ?1',
      user,
      JSON.stringify(steps),
      now - 30,
      8_192 * (at - 30),
    );
    await store('notes', 4_096);
    const [first] = await days();
    const elapsed = (first?.changed_at ?? 0) - now;
    expect(first).toMatchObject({ byte_seconds: 8_192 * (at + elapsed), storage_bytes: 4_096 });
    expect(first && parseSteps(first).slice(999)).toEqual([[at - 30, 4_096]]);
    // A minute later.
    await run(
      "UPDATE user_storage_day SET changed_at = changed_at - 60, steps = json_set(steps, '$[999][0]', ?2) WHERE user_id = ?1",
      user,
      at - 90,
    );
    await store('notes', 12_288);
    const [second] = await days();
    const after = second && parseSteps(second);
    expect(after).toHaveLength(1_001);
    expect(after?.at(-1)).toEqual([(second?.changed_at ?? 0) % DAY_S, 12_288, String(second?.byte_seconds)]);
  });

  it('never makes a statement on the registry fail, and is correct again after impossible sizes are repaired', async () => {
    await store('plan', 4_096);
    await store('notes', 8_192);
    const damage = 'UPDATE durable_object_instance SET storage_bytes = ? WHERE do_name = ?';
    await run(damage.replace('?', '9223372036854775807'), nameOf('notes'));
    expect(await totalOf()).toBe(MAX_ROOM_BYTES + 4_096);
    await run(damage.replace('?', '-9223372036854775808'), nameOf('notes'));
    expect(await totalOf()).toBe(4_096);
    await store('notes', 8_192);
    expect(await totalOf()).toBe(12_288);
    for (const [size, total, byteSeconds, changedAt] of [
      [4_096, '9223372036854775807', '9223372036854775807', '1'],
      [8_192, '-9223372036854775808', '-9223372036854775808', '1'],
      [4_096, '9223372036854775807', '9223372036854775807', 'changed_at'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      await run(
        `UPDATE user_storage_day SET storage_bytes = ${total}, byte_seconds = ${byteSeconds}, changed_at = ${changedAt} WHERE user_id = ?`,
        user,
      );
      // oxlint-disable-next-line no-await-in-loop
      await store('notes', size);
      // oxlint-disable-next-line no-await-in-loop
      expect(await totalOf()).toBeGreaterThanOrEqual(0);
      // oxlint-disable-next-line no-await-in-loop
      expect(await totalOf()).toBeLessThanOrEqual(MAX_USER_BYTES);
    }
    await expect(run("UPDATE user_storage_day SET steps = 'x' WHERE user_id = ?", user)).rejects.toThrow(
      'steps_json',
    );
    await run("UPDATE user_storage_day SET steps = '{}' WHERE user_id = ?", user);
    await store('notes', 12_288);
    await deleteUser(user);
  });
});
