import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { ACCESS_INTERVAL_MS } from '../../../src/registry/intervals.ts';
import {
  RECORD_TIMEOUT_MS,
  REPORT_INTERVAL_MS,
  REPORT_TIMEOUT_MS,
} from '../../../src/rooms/limits/report-timing.ts';
import { frames, join, RawSocket, read } from '../support/raw-socket.ts';
import {
  runAlarmsUntilIdle,
  createDocWithText,
  type RoomUser,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
  syncOverHttp,
} from '../support/room-app.ts';
import { type BrokenD1, breakD1, D1_FAULTS } from '../support/broken-d1.ts';

const MINUTE = 60_000;
/** What a Worker has after its response (Cloudflare, "Workers: Context", `waitUntil`). */
const WAIT_UNTIL_MS = 30_000;
/** Once D1 is back, every row is right within this. */
const HEALED_WITHIN_MS = 2 * MINUTE;

let someone: RoomUser;
let troubled: BrokenD1;
beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  someone = await createRoomUser();
});
afterEach(() => {
  troubled.recover();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const stubOf = (name: string) => getRoomStub('document', someone.userId, name);
const doNameOf = (name: string) => `user:${someone.userId}:document:${encodeURIComponent(name)}`;
const update = (text: string) => Y.encodeStateAsUpdate(createDocWithText(text));
const post = (name: string, text: string) =>
  someone.request(`/documents/${encodeURIComponent(name)}`, {
    method: 'POST',
    body: encodeSyncBody(Uint8Array.of(0), update(text)),
  });
const alarmOf = (name: string) => runInDurableObject(stubOf(name), (_, { storage }) => storage.getAlarm());
const sizeOf = (name: string) =>
  runInDurableObject(stubOf(name), (_, { storage }) => storage.sql.databaseSize);

interface Row {
  bytes: number | null;
  usedAt: number;
}
/** What the platform does when the time has come that the room asked for. */
const ring = (name: string) => runDurableObjectAlarm(stubOf(name));

const readRow = (name: string) =>
  env.DB.prepare(
    'SELECT storage_bytes AS bytes, last_accessed_at AS usedAt FROM durable_object_instance WHERE do_name = ?',
  )
    .bind(doNameOf(name))
    .first<Row>();

/** Whether the row has the size that the room has, and a use since then, as closely as uses are recorded. */
async function isRight(name: string, since: number): Promise<boolean> {
  const row = await readRow(name);
  return row !== null && row.bytes === (await sizeOf(name)) && row.usedAt >= since - ACCESS_INTERVAL_MS;
}

/** Lets the room do what it asked to be woken for, until its row is right; that must not take longer than until then. */
async function healByItself(name: string, usedSince: number, until: number): Promise<void> {
  while (!(await isRight(name, usedSince))) {
    const at = await alarmOf(name);
    expect(at, name).not.toBeNull();
    expect(at, name).toBeLessThanOrEqual(until);
    vi.setSystemTime(Math.max(Date.now(), at ?? 0));
    // oxlint-disable-next-line no-await-in-loop
    await ring(name);
  }
}

/** A room whose row is right and which has nothing left to do. */
async function settledRoom(name: string): Promise<void> {
  await post(name, 'before');
  await someone.settle();
  await runAlarmsUntilIdle(stubOf(name));
}

describe.each(D1_FAULTS)('while D1 %s', (trouble) => {
  it('rooms sync over HTTP and WebSockets, and no response waits for D1', async () => {
    await settledRoom('d');
    const [writer, reader] = [
      await RawSocket.open(someone, '/documents/d'),
      await RawSocket.open(someone, '/documents/d'),
    ];
    await someone.settle();
    await evictDurableObject(stubOf('d'), { webSockets: 'hibernate' });
    await reader.waitUntilHandled();

    troubled = breakD1(trouble);
    expect((await post('d', 'over HTTP')).status).toBe(200);
    writer.send(frames.update(update('over a WebSocket')));
    for (const text of ['over HTTP', 'over a WebSocket']) {
      // oxlint-disable-next-line no-await-in-loop
      const { update: seen = new Uint8Array() } = read(await reader.next());
      const doc = new Y.Doc();
      Y.applyUpdate(doc, seen);
      expect(doc.getText('text').toJSON()).toBe(text);
    }
    const joined = await join(await RawSocket.open(someone, '/documents/d'));
    for (const text of ['before', 'over HTTP', 'over a WebSocket'])
      expect(joined.getText('text').toJSON()).toContain(text);
    expect((await someone.request('/documents/new', { method: 'PUT' })).status).toBe(201);
    expect((await syncOverHttp(someone, '/documents/new', createDocWithText('x'))).status).toBe(204);
    expect((await someone.request('/documents/d')).status).toBe(200);
    const version = { method: 'POST', body: JSON.stringify({ label: null }) };
    expect((await someone.request('/documents/d/snapshots', version)).status).toBe(201);
    await vi.waitFor(() => expect(troubled.countReports(doNameOf('new'))).toBeGreaterThan(0));
  });

  it('no report is lost: two minutes after D1 is back, all rows are correct without further use', async () => {
    const before = ['edited', 'read', 'read and slept', 'opened', 'typed in', 'deleted'];
    await Promise.all(before.map(settledRoom));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60 * MINUTE });
    // What an instance remembers of an hour ago is gone with it.
    await Promise.all(before.map((name) => evictDurableObject(stubOf(name))));
    const startedAt = Date.now();

    troubled = breakD1(trouble);
    const afterResponses: Promise<void>[] = [];
    const use = async <Result>(using: Promise<Result>): Promise<Result> => {
      const used = await using;
      afterResponses.push(someone.settle());
      return used;
    };
    await use(post('edited', 'x'.repeat(20_000)));
    await use(post('new', 'x'));
    await use(someone.request('/documents/made', { method: 'PUT' }));
    await use(someone.request('/documents/read'));
    await use(someone.request('/documents/read%20and%20slept'));
    await use(RawSocket.open(someone, '/documents/opened'));
    const socket = await use(RawSocket.open(someone, '/documents/typed%20in'));
    socket.send(frames.update(update('x'.repeat(20_000))));
    await socket.waitUntilHandled();
    await runInDurableObject(stubOf('deleted'), (instance) => instance.remove());
    const used = [...before.filter((name) => name !== 'deleted'), 'new', 'made'];
    if (trouble === 'fails') {
      await Promise.all(afterResponses);
      await evictDurableObject(stubOf('read and slept'));
      for (let tries = 0; tries < 6; tries += 1) {
        vi.setSystemTime(Date.now() + MINUTE);
        // oxlint-disable-next-line no-await-in-loop
        expect(await Promise.all([...used, 'deleted'].map(ring))).not.toContain(false);
      }
      expect(await Promise.all(used.map((name) => isRight(name, startedAt)))).not.toContain(true);
    }
    expect(await readRow('deleted')).not.toBeNull();

    const recoveredAt = Date.now();
    troubled.recover();
    await Promise.all(afterResponses);
    for (const name of used) {
      // oxlint-disable-next-line no-await-in-loop
      await healByItself(name, startedAt, recoveredAt + HEALED_WITHIN_MS);
    }
    expect(await alarmOf('deleted')).toBeLessThanOrEqual(recoveredAt + HEALED_WITHIN_MS);
    await ring('deleted');
    expect(await readRow('deleted')).toBeNull();
  });
});

describe('D1 that never answers', () => {
  it('is not awaited for longer than two minutes, by the Worker and the room together', async () => {
    expect(RECORD_TIMEOUT_MS).toBeLessThan(WAIT_UNTIL_MS);
    await settledRoom('d');
    await evictDurableObject(stubOf('d'));
    troubled = breakD1('does not answer');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await someone.request('/documents/d');
    // The response has left, and D1 is asked.
    await vi.advanceTimersByTimeAsync(1);
    await vi.advanceTimersByTimeAsync(RECORD_TIMEOUT_MS);
    await someone.settle();
    expect(await alarmOf('d')).toBeLessThanOrEqual(Date.now() + REPORT_INTERVAL_MS);

    const asked = troubled.countReports(doNameOf('d'));
    // Its timers are its own: they are run where they were set.
    await runInDurableObject(stubOf('d'), async (instance) => {
      const alarm = instance.alarm();
      await vi.advanceTimersByTimeAsync(0);
      expect(troubled.countReports(doNameOf('d'))).toBe(asked + 1);
      await vi.advanceTimersByTimeAsync(REPORT_TIMEOUT_MS);
      await alarm;
    });
    const again = await alarmOf('d');
    expect(again).not.toBeNull();
    expect((again ?? Infinity) - Date.now() + REPORT_TIMEOUT_MS).toBeLessThanOrEqual(HEALED_WITHIN_MS);
  });

  it('has at most one waiting report of a room per interval', async () => {
    await settledRoom('d');
    const socket = await RawSocket.open(someone, '/documents/d');
    await someone.settle();
    const seconds = 90;
    vi.useFakeTimers({ toFake: ['Date'] });
    troubled = breakD1('does not answer');
    const ringing: Promise<boolean>[] = [];
    for (let second = 0; second < seconds; second += 1) {
      vi.setSystemTime(Date.now() + 1_000);
      // oxlint-disable-next-line no-await-in-loop
      await (await post('d', `call ${second}`)).arrayBuffer();
      socket.send(frames.update(update(`edit ${second}`)));
      // oxlint-disable-next-line no-await-in-loop
      await socket.waitUntilHandled();
    }
    // The room's own alarm, which waits for its answer before there is another one.
    ringing.push(ring('d'));
    await vi.waitFor(() => expect(troubled.countReports(doNameOf('d'))).toBeGreaterThan(0));
    expect(troubled.countReports(doNameOf('d'))).toBeLessThanOrEqual(
      (seconds * 1_000) / REPORT_INTERVAL_MS + 2,
    );
    troubled.recover();
    await Promise.all(ringing);
  });
});
