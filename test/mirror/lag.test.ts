import { env } from 'cloudflare:workers';
import { beforeEach, expect, test } from 'vitest';
import { readMirrorHealth, readMirrorReport } from '../../src/mirror/health.ts';
import {
  type MirrorStatus,
  recordFailure,
  recordSuccess,
  statusStatement,
} from '../../src/mirror/passes/status.ts';
import {
  computeLag,
  type LagRow,
  lagStatement,
  readChangesAfter,
} from '../../src/registry/changes/changes.ts';
import { bindings, emptyCopy, mirror } from './copy.ts';
import { addUser, emptyRegistry, remove, room, write } from './registry.ts';

const T = 1_750_000_000_000;
const at = (time: number) => ({ createdAt: T, lastAccessedAt: time, storageMeasuredAt: time });

const session = () => env.DB.withSession('first-primary');
const readStatus = () => statusStatement(session()).first<MirrorStatus>();

async function readLag(afterSeq: number) {
  const found = await lagStatement(session(), String(afterSeq)).first<LagRow>();
  return computeLag(found ?? undefined, afterSeq);
}

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await addUser('ada');
});

test('the lag counts each changed or deleted row once, and its age is that of the oldest', async () => {
  await write([
    room('ada', 'a', at(T + 1_000)),
    room('ada', 'b', at(T + 2_000)),
    room('ada', 'c', at(T + 3_000)),
  ]);
  expect(await readLag(0)).toEqual({ latestSeq: 3, lagRows: 3, oldestChangeAt: T + 1_000 });
  expect(await readLag(2)).toEqual({ latestSeq: 3, lagRows: 1, oldestChangeAt: T + 3_000 });
  expect(await readLag(3)).toEqual({ latestSeq: 3, lagRows: 0, oldestChangeAt: null });

  await write([room('ada', 'a', at(T + 9_000))]);
  expect(await readLag(0)).toEqual({ latestSeq: 4, lagRows: 3, oldestChangeAt: T + 2_000 });

  const before = Date.now();
  await remove(room('ada', 'b').doName);
  const lag = await readLag(4);
  expect(lag).toMatchObject({ latestSeq: 5, lagRows: 1 });
  // SQLite's clock and JavaScript's may round to different milliseconds.
  expect(lag.oldestChangeAt).toBeGreaterThanOrEqual(before - 1_000);
});

test('a long lag is the difference of change numbers', async () => {
  await env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
     INSERT INTO durable_object_instance
       (do_name, do_id, created_at, last_accessed_at, seq)
     SELECT 'user:ada:document:' || i, i, ${T}, ${T}, 2 * i FROM n`,
  ).run();
  expect(await readLag(0)).toEqual({ latestSeq: 20_002, lagRows: 20_002, oldestChangeAt: T });
  expect((await readLag(2)).lagRows).toBe(10_000);
});

async function seqs(after: number, limit: number): Promise<unknown[]> {
  const page = await readChangesAfter(env.DB, after, limit);
  return [page.rows.map((row) => row.seq), page.tombstones.map((gone) => gone.seq), page.upTo, page.more];
}

test('a page contains every change up to its end and nothing later', async () => {
  await write(['a', 'b', 'c', 'd'].map((name) => room('ada', name)));
  await remove(room('ada', 'a').doName);
  await write([room('ada', 'b')]);
  await remove(room('ada', 'c').doName);
  // In the order of numbers: row d 4, tombstone a 5, row b 6, tombstone c 7.
  expect(await seqs(0, 1)).toEqual([[4], [], 4, true]);
  expect(await seqs(0, 2)).toEqual([[4], [5], 5, true]);
  expect(await seqs(0, 3)).toEqual([[4, 6], [5], 6, true]);
  expect(await seqs(0, 4)).toEqual([[4, 6], [5, 7], 7, false]);
  expect(await seqs(4, 1)).toEqual([[], [5], 5, true]);
  expect(await seqs(7, 4)).toEqual([[], [], 7, false]);
  expect(await seqs(99, 4)).toEqual([[], [], 99, false]);
});

test('the rows read for a page depend on its changes, not on the table', async () => {
  await env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
     INSERT INTO durable_object_instance
       (do_name, do_id, created_at, last_accessed_at, seq)
     SELECT 'user:ada:document:' || i, i, ${T}, ${T}, i FROM n`,
  ).run();
  const page = await readChangesAfter(env.DB, 4_990, 100);
  expect(page.rows).toHaveLength(10);
  // An index entry and its row.
  expect(page.rowsRead).toBeLessThanOrEqual(2 * 10);
});

test('the lag is everything before the first run and nothing after it', async () => {
  await write([room('ada', 'a', at(T)), room('ada', 'b', at(T + 5_000))]);
  expect(await readMirrorReport(bindings, T + 60_500)).toEqual({
    enabled: true,
    checkpointSeq: null,
    latestSeq: 2,
    lagRows: 2,
    lagSeconds: 60.5,
    lastSuccessAt: null,
    lastError: null,
    lastReconcile: null,
  });
  await mirror();
  const report = await readMirrorReport(bindings);
  expect(report).toMatchObject({ checkpointSeq: 2, latestSeq: 2, lagRows: 0, lagSeconds: 0 });
  expect(report.lastSuccessAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
});

test('the public health of the mirror contains no text of errors', async () => {
  await recordFailure(env.DB, 'password authentication failed for user "roomkeeper"', null, T);
  const health = await readMirrorHealth(bindings);
  expect(health).toMatchObject({ enabled: true, lagRows: 0, lastErrorAt: new Date(T).toISOString() });
  expect(JSON.stringify(health)).not.toContain('password');
});

test('the status is written only for changes and the heartbeat', async () => {
  await recordSuccess(env.DB, 5, T);
  await recordSuccess(env.DB, 5, T + 29_999);
  expect(await readStatus()).toMatchObject({ checkpointSeq: 5, lastSuccessAt: T });
  await recordSuccess(env.DB, 5, T + 30_000);
  expect(await readStatus()).toMatchObject({ lastSuccessAt: T + 30_000 });
  await recordSuccess(env.DB, 6, T + 30_001);
  expect(await readStatus()).toMatchObject({ checkpointSeq: 6, lastSuccessAt: T + 30_001 });

  await recordFailure(env.DB, 'down', null, T + 40_000);
  await recordFailure(env.DB, 'down', null, T + 69_999);
  expect(await readStatus()).toEqual({
    checkpointSeq: 6,
    lastSuccessAt: T + 30_001,
    lastError: 'down',
    lastErrorAt: T + 40_000,
    lastReconcile: null,
  });
  await recordFailure(env.DB, 'read-only', 8, T + 70_000);
  expect(await readStatus()).toMatchObject({ checkpointSeq: 8, lastError: 'read-only' });
  await recordSuccess(env.DB, 8, T + 70_001);
  expect(await readStatus()).toEqual({
    checkpointSeq: 8,
    lastSuccessAt: T + 70_001,
    lastError: null,
    lastErrorAt: null,
    lastReconcile: null,
  });
});
