import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { deleteInstance, deleteStatements } from '../../../src/registry/write/delete-instance.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { changeNumbers, deleteUser, report, readRow, signUp, T0, readTombstone } from './reports.ts';

let user: string;
beforeEach(async () => {
  user = await signUp();
});

const highest = async () => Math.max(0, ...(await changeNumbers()));

describe('a deletion', () => {
  it('removes the row and leaves a tombstone with the next change number', async () => {
    const room = report(user, 'notes');
    await upsertInstance(env.DB, room);
    const before = await highest();
    await deleteInstance(env.DB, room);
    expect(await readRow(room.doName)).toBeNull();
    expect(await readTombstone(room.doName)).toMatchObject({ created_at: T0, seq: before + 1 });
  });

  it('returns a bookmark with which a session sees it', async () => {
    const room = report(user, 'notes');
    await upsertInstance(env.DB, room);
    const { bookmark } = await deleteInstance(env.DB, room);
    expect(bookmark).toEqual(expect.any(String));
    const row = await env.DB.withSession(bookmark ?? 'none')
      .prepare('SELECT 1 FROM durable_object_instance WHERE do_name = ?')
      .bind(room.doName)
      .first();
    expect(row).toBeNull();
  });

  it('repeated writes nothing', async () => {
    const room = report(user, 'notes');
    await upsertInstance(env.DB, room);
    await deleteInstance(env.DB, room);
    const results = await env.DB.batch(deleteStatements(env.DB, room));
    expect(results.map(({ meta }) => meta.rows_written)).toEqual([0, 0, 0]);
  });

  it('is final: reports of this or an earlier incarnation do not recreate the row', async () => {
    const room = report(user, 'notes', { measurement: { storageBytes: 8_192, measuredAt: T0 } });
    await upsertInstance(env.DB, room);
    await deleteInstance(env.DB, room);
    for (const createdAt of [T0, T0 - 1]) {
      const late = { ...room, createdAt, accessedAt: T0 + 3_600_000 };
      // oxlint-disable-next-line no-await-in-loop
      expect(await upsertInstance(env.DB, late)).toBe('unchanged');
    }
    expect(await readRow(room.doName)).toBeNull();
  });

  it('of a room without a row is final too', async () => {
    const room = report(user, 'notes');
    await deleteInstance(env.DB, room);
    expect(await readTombstone(room.doName)).toMatchObject({ created_at: T0 });
    expect(await upsertInstance(env.DB, room)).toBe('unchanged');
    expect(await readRow(room.doName)).toBeNull();
  });

  it('of an earlier incarnation does not affect the recreated room', async () => {
    const recreated = report(user, 'notes', { createdAt: T0 + 100 });
    await upsertInstance(env.DB, recreated);
    const before = await readRow(recreated.doName);
    await deleteInstance(env.DB, { doName: recreated.doName, createdAt: T0 });
    expect(await readRow(recreated.doName)).toEqual(before);
    expect(await readTombstone(recreated.doName)).toBeNull();
  });

  it('followed by a recreation accepts the new incarnation with a higher number', async () => {
    const room = report(user, 'notes');
    await upsertInstance(env.DB, room);
    await deleteInstance(env.DB, room);
    expect(await upsertInstance(env.DB, { ...room, createdAt: T0 + 1 })).toBe('written');
    const [row, tombstone] = [await readRow(room.doName), await readTombstone(room.doName)];
    expect(row?.seq).toBeGreaterThan(tombstone?.seq ?? Infinity);
  });

  it('of a later incarnation than the row deletes the row and stores the later one', async () => {
    const room = report(user, 'notes');
    await upsertInstance(env.DB, room);
    await deleteInstance(env.DB, { doName: room.doName, createdAt: T0 + 7 });
    expect(await readRow(room.doName)).toBeNull();
    expect(await readTombstone(room.doName)).toMatchObject({ created_at: T0 + 7 });
  });
});

describe('change numbers', () => {
  it('are never reused, even if the row with the highest number is deleted', async () => {
    const room = report(user, 'last');
    await upsertInstance(env.DB, report(user, 'first'));
    await upsertInstance(env.DB, room);
    const top = await highest();
    await deleteInstance(env.DB, room);
    expect(await highest()).toBe(top + 1);
    await upsertInstance(env.DB, report(user, 'next'));
    expect((await readRow(report(user, 'next').doName))?.seq).toBe(top + 2);
  });

  it('are unique for all rows deleted with their user', async () => {
    const rooms = Array.from({ length: 25 }, (_, index) => report(user, `room ${index}`));
    await env.DB.batch(
      rooms.map((room, index) =>
        // Numbers far apart and out of order, the highest among them.
        env.DB.prepare(
          `INSERT INTO durable_object_instance
            (do_name, do_id, decoded_name, created_at, last_accessed_at, seq)
           VALUES (?1, ?2, ?3, ?4, ?4, ?5)`,
        ).bind(room.doName, room.doId, room.resourceName, T0, 100_000 + ((index * 7) % 25) * 10),
      ),
    );
    const top = await highest();
    await deleteUser(user);
    const tombstones = await Promise.all(rooms.map(({ doName }) => readTombstone(doName)));
    const given = tombstones.map((tombstone) => tombstone?.seq ?? 0).toSorted((a, b) => a - b);
    expect(given).toEqual(Array.from({ length: 25 }, (_, index) => top + 1 + index));
    expect(tombstones.every((tombstone) => tombstone?.created_at === T0)).toBe(true);
  });
});
