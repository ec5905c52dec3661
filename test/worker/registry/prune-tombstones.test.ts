import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lockAccount } from '../../../src/auth/accounts/lock-account.ts';
import type { MirrorOutcome } from '../../../src/mirror/passes/run.ts';
import { pruneRegistry } from '../../../src/worker/prune-registry.ts';
import { deleteInstance } from '../../../src/registry/write/delete-instance.ts';
import {
  prunableStatement,
  MIRRORED_TOMBSTONE_KEPT_MS,
  pruneTombstones,
  UNMIRRORED_TOMBSTONE_KEPT_MS,
} from '../../../src/registry/prune/prune-tombstones.ts';
import { readUserRooms } from '../../../src/registry/read/user-rooms.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { MAX_TAG_AGE_MS } from '../../../src/registry/http/revision-tag.ts';
import { createApi } from './api.ts';
import { letDaysPass } from './days.ts';
import { changeNumbers, deleteUser, report, readRow, signUp, T0, readTombstone } from './reports.ts';

const MINUTE = 60_000;
/** An alarm's handler, and a statement that it began at its end (docs of Cloudflare's limits). */
const LATEST_REPORT_MS = 16 * MINUTE;

/** A run of the mirror that ended with Postgres at this number. */
const mirroredThrough = (toSeq: number): MirrorOutcome => ({
  state: 'done',
  isReconcileDue: false,
  summary: {
    pass: 'incremental',
    batches: 0,
    upserted: 0,
    deleted: 0,
    storageDays: 0,
    fromSeq: toSeq,
    toSeq,
    more: false,
    restored: false,
    seconds: 0,
  },
});
const NO_MIRROR: MirrorOutcome = { state: 'off' };
const FAILED: MirrorOutcome = { state: 'failed', error: 'down' };

/** What a run does that comes so long after the deletions of now. */
const pruneAfter = (ms: number, outcome: MirrorOutcome = NO_MIRROR) =>
  pruneRegistry(env, outcome, Date.now() + ms);

/** Deadline after which everything prunable is pruned, without a mirror or with an up-to-date one. */
const pruneAll = () => pruneAfter(UNMIRRORED_TOMBSTONE_KEPT_MS + MINUTE);

const latest = async () => Math.max(0, ...(await changeNumbers()));

let user: string;
beforeEach(async () => {
  await env.DB.batch(
    ['registry_tombstone', 'registry_pruned', 'erasure', 'ended_session'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  );
  user = await signUp();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Deletes rooms of these names, and one more, whose tombstone has the highest number. */
async function deleteRooms(...names: string[]): Promise<void> {
  for (const name of [...names, `last ${crypto.randomUUID()}`]) {
    // oxlint-disable-next-line no-await-in-loop
    await upsertInstance(env.DB, report(user, name));
    // oxlint-disable-next-line no-await-in-loop
    await deleteInstance(env.DB, report(user, name));
  }
}

const isRemembered = async (name: string) => (await readTombstone(report(user, name).doName)) !== null;

describe('a tombstone', () => {
  it('is pruned a day after its deletion if Postgres has it', async () => {
    await deleteRooms('a');
    const { seq = 0 } = (await readTombstone(report(user, 'a').doName)) ?? {};
    await pruneAfter(MIRRORED_TOMBSTONE_KEPT_MS - MINUTE, mirroredThrough(seq));
    await pruneAfter(365 * MIRRORED_TOMBSTONE_KEPT_MS, mirroredThrough(seq - 1));
    expect(await isRemembered('a')).toBe(true);
    await pruneAfter(MIRRORED_TOMBSTONE_KEPT_MS + MINUTE, mirroredThrough(seq));
    expect(await isRemembered('a')).toBe(false);
  });

  it('is kept while Postgres is unreachable', async () => {
    await deleteRooms('a');
    await pruneAfter(365 * MIRRORED_TOMBSTONE_KEPT_MS, FAILED);
    expect(await isRemembered('a')).toBe(true);
  });

  it('is kept if Postgres is ahead of a restored D1', async () => {
    await deleteRooms('a');
    await pruneAfter(365 * MIRRORED_TOMBSTONE_KEPT_MS, mirroredThrough((await latest()) + 1));
    expect(await isRemembered('a')).toBe(true);
  });

  it('is pruned after thirty days without a mirror', async () => {
    await deleteRooms('a');
    await pruneAfter(UNMIRRORED_TOMBSTONE_KEPT_MS - MINUTE);
    expect(await isRemembered('a')).toBe(true);
    await pruneAfter(UNMIRRORED_TOMBSTONE_KEPT_MS + MINUTE);
    expect(await isRemembered('a')).toBe(false);
  });

  it('with the highest number is kept, so that the number is not reused', async () => {
    await deleteRooms('a', 'b');
    const before = await latest();
    await pruneAll();
    await pruneAll();
    expect(await latest()).toBe(before);
    const room = report(await signUp(), 'next');
    await upsertInstance(env.DB, room);
    expect((await readRow(room.doName))?.seq).toBe(before + 1);
  });

  it('is kept longer than late reports of its room can take', async () => {
    await deleteRooms('a');
    await pruneAfter(LATEST_REPORT_MS, mirroredThrough(await latest()));
    expect(await upsertInstance(env.DB, report(user, 'a', { accessedAt: T0 + MINUTE }))).toBe('unchanged');
  });

  it('is kept longer than any ETag from before its deletion is accepted', async () => {
    await upsertInstance(env.DB, report(user, 'a'));
    const tag = (await createApi(user).get('/api/instances')).headers.get('etag') ?? '';
    await deleteInstance(env.DB, report(user, 'a'));
    const someone = report(await signUp(), 'later');
    await upsertInstance(env.DB, someone);
    await deleteInstance(env.DB, someone);
    await pruneAfter(MAX_TAG_AGE_MS + MINUTE, mirroredThrough(await latest()));
    const response = await createApi(user).get('/api/instances', { 'if-none-match': tag });
    expect(await response.json()).toMatchObject({ instances: [] });
  });

  it('is kept while an erasure needs it, and pruned afterwards', async () => {
    await upsertInstance(env.DB, report(user, 'a'));
    // By hand: the trigger asks for the erasure.
    await deleteUser(user);
    await env.DB.prepare('DELETE FROM ended_session').run();
    user = await signUp();
    await deleteRooms('b');
    await pruneAll();
    const [erasure] = (
      await env.DB.prepare('SELECT user_id AS userId, requested_at AS at FROM erasure').all<{
        userId: string;
        at: number;
      }>()
    ).results;
    const { userId = '', at = 0 } = erasure ?? {};
    const listed = { userId, goneSince: at, after: '', limit: 10 };
    expect(await readUserRooms(env.DB, listed)).toHaveLength(1);
    await env.DB.prepare('UPDATE erasure SET finished_at = 1').run();
    await pruneAll();
    expect(await readUserRooms(env.DB, listed)).toEqual([]);
  });

  it('is kept while rooms must be notified of a session that ended with it', async () => {
    await lockAccount(env.DB, user, 'user');
    await env.DB.prepare('DELETE FROM erasure').run();
    await deleteRooms('a');
    await pruneAll();
    expect(await isRemembered('a')).toBe(true);
    await env.DB.prepare('DELETE FROM ended_session').run();
    await pruneAll();
    expect(await isRemembered('a')).toBe(false);
  });

  it('from before a stuck erasure is pruned', async () => {
    await deleteRooms('a');
    await env.DB.prepare('UPDATE registry_tombstone SET deleted_at = deleted_at - ?')
      .bind(10 * MINUTE)
      .run();
    await lockAccount(env.DB, user, 'user');
    await pruneAll();
    expect(await isRemembered('a')).toBe(false);
  });
});

describe('a run', () => {
  const everything = { mirroredThrough: null, deletedBefore: Date.now() + 3_600_000 };

  it('prunes a limited number, oldest first, and the next run continues', async () => {
    await deleteRooms('a', 'b', 'c');
    expect(await pruneTombstones(env.DB, everything, 2)).toBe(2);
    expect([await isRemembered('a'), await isRemembered('b'), await isRemembered('c')]).toEqual([
      false,
      false,
      true,
    ]);
    expect(await pruneTombstones(env.DB, everything, 2)).toBe(1);
    expect(await pruneTombstones(env.DB, everything, 2)).toBe(0);
  });

  it('with nothing to prune reads a few rows, for any number of tombstones and rooms', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `room ${index}`);
    await deleteRooms(...names);
    for (const prunable of [
      { mirroredThrough: null, deletedBefore: 0 },
      { mirroredThrough: 0, deletedBefore: Infinity },
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      const { results, meta } = await prunableStatement(env.DB, prunable).all();
      expect(results).toEqual([]);
      expect(meta.rows_read).toBeLessThanOrEqual(5);
      expect(meta.rows_written).toBe(0);
    }
    await pruneTombstones(env.DB, everything, 1_000);
    expect((await prunableStatement(env.DB, everything).all()).meta.rows_read).toBeLessThanOrEqual(5);
  });

  it('logs what it pruned, or nothing, and does not throw if D1 fails', async () => {
    const info = vi.spyOn(console, 'info').mockImplementation(() => undefined);
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    await deleteRooms('a', 'b');
    await pruneAfter(0);
    expect(info).not.toHaveBeenCalled();
    await pruneAll();
    expect(info).toHaveBeenCalledExactlyOnceWith({ event: 'tombstones_pruned', ok: true, pruned: 2 });
    await env.DB.prepare('ALTER TABLE registry_tombstone RENAME TO away').run();
    try {
      await pruneAll();
    } finally {
      await env.DB.prepare('ALTER TABLE away RENAME TO registry_tombstone').run();
    }
    expect(error).toHaveBeenCalledWith(expect.objectContaining({ event: 'tombstones_pruned', ok: false }));
  });

  it('counts pruned rooms of each type that were not recreated', async () => {
    await deleteRooms('a', 'again');
    await upsertInstance(env.DB, report(user, 'again', { createdAt: T0 + 1 }));
    const workspace = report(user, 'w:orkspace', { doType: 'workspace' });
    await deleteInstance(env.DB, workspace);
    await deleteRooms();
    await pruneTombstones(env.DB, everything, 2);
    await pruneTombstones(env.DB, everything, 1_000);
    const { results } = await env.DB.prepare(
      'SELECT do_type, rooms FROM registry_pruned ORDER BY do_type',
    ).all();
    expect(results).toEqual([
      { do_type: 'document', rooms: 2 },
      { do_type: 'workspace', rooms: 1 },
    ]);
  });
});

const countHistoryRows = async (id: string) =>
  (await env.DB.prepare('SELECT day FROM user_storage_day WHERE user_id = ?').bind(id).all()).results.length;
const ended = () => env.DB.prepare('SELECT count(*) AS n FROM storage_history_ended').first<number>('n');
const store = (id: string, storageBytes: number, measuredAt = T0) =>
  upsertInstance(
    env.DB,
    report(id, 'd', { createdAt: measuredAt, measurement: { storageBytes, measuredAt } }),
  );

/** Somebody with two days of history, who has left. */
async function gone(): Promise<string> {
  const id = await signUp();
  await store(id, 4_096);
  await letDaysPass(id, 3);
  await store(id, 8_192, T0 + 1);
  await deleteUser(id);
  expect(await countHistoryRows(id)).toBe(2);
  return id;
}

describe('the history of a deleted user', () => {
  it('is pruned a day after Postgres has it, without affecting other users', async () => {
    const stays = await signUp();
    await store(stays, 4_096);
    const id = await gone();
    const seq = await latest();
    await pruneAfter(MIRRORED_TOMBSTONE_KEPT_MS - MINUTE, mirroredThrough(seq));
    expect(await countHistoryRows(id)).toBe(2);
    await pruneAfter(MIRRORED_TOMBSTONE_KEPT_MS + MINUTE, mirroredThrough(seq - 1));
    // What was there before the last day is in Postgres.
    expect(await countHistoryRows(id)).toBe(1);
    await pruneAfter(MIRRORED_TOMBSTONE_KEPT_MS + MINUTE, mirroredThrough(seq + 1));
    await pruneAfter(MIRRORED_TOMBSTONE_KEPT_MS + MINUTE, FAILED);
    await pruneAfter(UNMIRRORED_TOMBSTONE_KEPT_MS - MINUTE);
    expect([await countHistoryRows(id), await ended()]).toEqual([1, 1]);
    await pruneAfter(MIRRORED_TOMBSTONE_KEPT_MS + MINUTE, mirroredThrough(seq));
    expect([await countHistoryRows(id), await countHistoryRows(stays), await ended()]).toEqual([0, 1, 0]);
  });

  it('is pruned after thirty days without a mirror', async () => {
    const id = await gone();
    await pruneAll();
    expect([await countHistoryRows(id), await ended()]).toEqual([0, 0]);
  });

  it('is pruned up to the deletion if the user exists again, and the total continues', async () => {
    const id = await gone();
    const aDayPasses = async () => {
      await letDaysPass(id, 1);
      await env.DB.prepare('UPDATE storage_history_ended SET ended_at = ended_at - 86400').run();
    };
    await aDayPasses();
    await signUp(id);
    await store(id, 12_288, T0 + 2);
    await aDayPasses();
    await store(id, 8_192, T0 + 3);
    expect(await countHistoryRows(id)).toBe(4);
    await pruneAll();
    expect([await countHistoryRows(id), await ended()]).toEqual([2, 0]);
    await store(id, 4_096, T0 + 4);
    const total = env.DB.prepare(
      'SELECT storage_bytes AS n FROM user_storage_day WHERE user_id = ? ORDER BY day DESC',
    );
    expect(await total.bind(id).first('n')).toBe(4_096);
  });

  it('that continues in the second of the deletion is kept and does not block others', async () => {
    const id = await gone();
    await signUp(id);
    await store(id, 12_288, T0 + 2);
    await env.DB.prepare('UPDATE storage_history_ended SET ended_at = ended_at + 5').run();
    await pruneAll();
    expect([await countHistoryRows(id), await ended()]).toEqual([1, 0]);
  });
});
