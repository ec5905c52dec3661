import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { SHOULD_RECORD_HEADER, SESSION_ID_HEADER } from '../../../../src/rooms/contract/contract.ts';
import {
  REPORT_DELAY_AFTER_CLOSE_MS,
  REPORT_INTERVAL_MS,
} from '../../../../src/rooms/limits/report-timing.ts';
import { COMPACT_QUIET_AFTER_UPDATES, QUIET_AFTER_MS } from '../../../../src/rooms/limits/storage-limits.ts';
import { frames, RawSocket } from '../../support/raw-socket.ts';
import {
  runAlarmsUntilIdle,
  createDocWithText,
  isAlarmNear,
  createRoomUser,
  type RoomUser,
  getRoomStub,
  syncOverHttp,
} from '../../support/room-app.ts';

interface Row {
  do_id: string;
  user_id: string;
  storage_bytes: number | null;
  storage_measured_at: number | null;
  last_accessed_at: number;
  created_at: number;
  seq: number;
}

const getDoName = ({ userId }: RoomUser, name: string) => `user:${userId}:document:${name}`;

const readRow = (someone: RoomUser, name: string) =>
  env.DB.prepare('SELECT * FROM durable_object_instance WHERE do_name = ?')
    .bind(getDoName(someone, name))
    .first<Row>();

const readSize = (someone: RoomUser, name: string) =>
  runInDurableObject(
    getRoomStub('document', someone.userId, name),
    (_, { storage }) => storage.sql.databaseSize,
  );

/** Runs the room's alarm some seconds later. */
const runAlarm = (someone: RoomUser, name: string) =>
  runDurableObjectAlarm(getRoomStub('document', someone.userId, name));

const readAlarm = (someone: RoomUser, name: string) =>
  runInDurableObject(getRoomStub('document', someone.userId, name), (_, { storage }) => storage.getAlarm());

/** Waits for the room's tasks after a response and its alarm. */
async function settleAlarms(someone: RoomUser, name: string): Promise<void> {
  await someone.settle();
  await runAlarmsUntilIdle(getRoomStub('document', someone.userId, name));
}

/** Every write to the registry fails while `act` runs. */
async function whileRegistryFails(act: () => Promise<void>): Promise<void> {
  await env.DB.prepare('ALTER TABLE durable_object_instance RENAME TO durable_object_instance_away').run();
  try {
    await act();
  } finally {
    await env.DB.prepare('ALTER TABLE durable_object_instance_away RENAME TO durable_object_instance').run();
  }
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the registry', () => {
  it('has the size that an HTTP call returned, and the object’s id', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, '/documents/d', createDocWithText('x'));
    await someone.settle();
    expect(await readRow(someone, 'd')).toMatchObject({
      do_id: getRoomStub('document', someone.userId, 'd').id.toString(),
      user_id: someone.userId,
      storage_bytes: await readSize(someone, 'd'),
    });
  });

  it('has the exact size of a room that is only used over WebSockets', async () => {
    const someone = await createRoomUser();
    const socket = await RawSocket.open(someone, '/documents/d');
    await someone.settle();
    expect(await readRow(someone, 'd')).toMatchObject({ storage_bytes: null, storage_measured_at: null });
    socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'.repeat(100_000)))));
    await socket.waitUntilHandled();
    expect(await runAlarm(someone, 'd')).toBe(true);
    expect((await readRow(someone, 'd'))?.storage_bytes).toBe(await readSize(someone, 'd'));
    expect((await readRow(someone, 'd'))?.storage_bytes).toBeGreaterThan(100_000);
  });

  it('gets one report within 45 seconds of any number of edits over a WebSocket', async () => {
    const someone = await createRoomUser();
    const socket = await RawSocket.open(someone, '/documents/d');
    await settleAlarms(someone, 'd');
    expect(await readAlarm(someone, 'd')).toBeNull();
    socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'))));
    await socket.waitUntilHandled();
    const first = await readAlarm(someone, 'd');
    expect(first).toBeLessThanOrEqual(Date.now() + REPORT_INTERVAL_MS);
    socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('y'))));
    await socket.waitUntilHandled();
    expect(await readAlarm(someone, 'd')).toBe(first);
  });

  it('gets a later report of the room if the Worker failed to record a call, even one that changed nothing', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, '/documents/d', createDocWithText('x'));
    await settleAlarms(someone, 'd');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + REPORT_INTERVAL_MS });
    await whileRegistryFails(async () => {
      expect((await someone.request('/documents/d')).status).toBe(200);
      await someone.settle();
    });
    expect(await isAlarmNear(getRoomStub('document', someone.userId, 'd'))).toBe(true);
  });

  it('gets reports without delaying the expiry of credentials', async () => {
    const expiresAt = Date.now() + 5_000;
    const someone = await createRoomUser({ expiresAt });
    const socket = await RawSocket.open(someone, '/documents/d');
    socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'))));
    await socket.waitUntilHandled();
    expect(await readAlarm(someone, 'd')).toBeLessThanOrEqual(expiresAt);
  });

  it('distinguishes a recreated room from the deleted one, even within one millisecond', async () => {
    const someone = await createRoomUser();
    await someone.request('/documents/d', { method: 'PUT' });
    const incarnations = await runInDurableObject(
      getRoomStub('document', someone.userId, 'd'),
      (instance) => {
        const first = instance.create().createdAt;
        instance.remove();
        const second = instance.create().createdAt;
        instance.remove();
        return [first, second, instance.create().createdAt];
      },
    );
    expect(new Set(incarnations).size).toBe(3);
    expect(incarnations).toEqual(incarnations.toSorted((one, two) => one - two));
  });

  it('gets a report when the last socket of a room closes', async () => {
    const someone = await createRoomUser();
    const socket = await RawSocket.open(someone, '/documents/d');
    await someone.settle();
    await runAlarm(someone, 'd');
    const before = await readRow(someone, 'd');
    await env.DB.prepare(
      'UPDATE durable_object_instance SET storage_bytes = 1, storage_measured_at = 1 WHERE do_name = ?',
    )
      .bind(getDoName(someone, 'd'))
      .run();
    socket.socket.close(1000);
    await expect.poll(() => runAlarm(someone, 'd')).toBe(true);
    expect((await readRow(someone, 'd'))?.storage_bytes).toBe(before?.storage_bytes);
  });

  it('records only the time of use of an upgrade', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, '/documents/d', createDocWithText('x'));
    await someone.settle();
    await env.DB.prepare('UPDATE durable_object_instance SET last_accessed_at = 1 WHERE do_name = ?')
      .bind(getDoName(someone, 'd'))
      .run();
    const before = await readRow(someone, 'd');
    await RawSocket.open(someone, '/documents/d');
    await someone.settle();
    const { last_accessed_at: usedAt, seq, ...rest } = (await readRow(someone, 'd')) ?? {};
    expect(before).toMatchObject(rest);
    expect(usedAt).toBeGreaterThan(1);
    expect(seq).toBeGreaterThan(before?.seq ?? 0);
  });

  it('has no row for a refused connection', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, '/documents/d', createDocWithText('x'));
    await someone.settle();
    await someone.request('/documents/d', { method: 'DELETE' });
    expect((await (await RawSocket.open(someone, '/documents/d')).closed).code).toBe(4410);
    await someone.settle();
    expect(await readRow(someone, 'd')).toBeNull();
  });

  it('removes a deleted room’s row at once, and a late report does not restore it', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, '/documents/d', createDocWithText('x'));
    await someone.settle();
    const response = await someone.request('/documents/d', { method: 'DELETE' });
    expect(await readRow(someone, 'd')).toBeNull();
    expect(response.headers.get('x-d1-bookmark')).toBeTruthy();
    await runAlarm(someone, 'd');
    expect(await readRow(someone, 'd')).toBeNull();
    await someone.request('/documents/d', { method: 'PUT' });
    await someone.settle();
    expect((await readRow(someone, 'd'))?.storage_bytes).toBe(await readSize(someone, 'd'));
  });

  it('that fails disturbs no client, and the room’s alarm repairs its row', async () => {
    const someone = await createRoomUser();
    await whileRegistryFails(async () => {
      expect((await syncOverHttp(someone, '/documents/d', createDocWithText('x'))).status).toBe(204);
      await someone.settle();
      await runAlarm(someone, 'd');
    });
    expect(await readRow(someone, 'd')).toBeNull();
    expect(await runAlarm(someone, 'd')).toBe(true);
    expect((await readRow(someone, 'd'))?.storage_bytes).toBe(await readSize(someone, 'd'));

    await whileRegistryFails(async () => {
      expect((await someone.request('/documents/d', { method: 'DELETE' })).status).toBe(204);
    });
    expect(await readRow(someone, 'd')).not.toBeNull();
    expect(await runAlarm(someone, 'd')).toBe(true);
    expect(await readRow(someone, 'd')).toBeNull();
  });

  it('that failed is repaired also by a room that hibernated before and after its alarm', async () => {
    const someone = await createRoomUser();
    const socket = await RawSocket.open(someone, '/documents/d');
    const stub = getRoomStub('document', someone.userId, 'd');
    await whileRegistryFails(async () => {
      socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'))));
      await socket.waitUntilHandled();
      await someone.settle();
      await evictDurableObject(stub);
      expect(await runAlarm(someone, 'd')).toBe(true);
    });
    await evictDurableObject(stub);
    expect(await runAlarm(someone, 'd')).toBe(true);
    expect((await readRow(someone, 'd'))?.storage_bytes).toBe(await readSize(someone, 'd'));
  });

  it('creates the row of an external issuer’s user at the first use', async () => {
    const userId = `https://issuer.example#${crypto.randomUUID()}`;
    const someone = await createRoomUser({ userId });
    await env.DB.prepare('DELETE FROM user WHERE id = ?').bind(userId).run();
    await syncOverHttp(someone, '/documents/d', createDocWithText('x'));
    await someone.settle();
    const count = await env.DB.prepare(
      'SELECT count(*) AS rows FROM durable_object_instance WHERE user_id = ?',
    )
      .bind(userId)
      .first('rows');
    expect(count).toBe(1);
  });
});

/** Opens a socket and sends enough edits for a compaction. */
const openAndEdit = async (someone: RoomUser) => {
  const socket = await RawSocket.open(someone, '/documents/d');
  await someone.settle();
  const edits = Array.from({ length: COMPACT_QUIET_AFTER_UPDATES + 1 }, (_, edit) =>
    createDocWithText(`edit ${edit}`),
  );
  await socket.sendInTurn(edits.map((doc) => Y.encodeStateAsUpdate(doc)));
  return socket;
};
/** Counts the updates in the log. */
const countUpdates = (someone: RoomUser) =>
  runInDurableObject(
    getRoomStub('document', someone.userId, 'd'),
    (_, { storage }) => storage.sql.exec('SELECT count(*) AS n FROM update_log').one()['n'],
  );
const readSecondsToAlarm = async (someone: RoomUser) =>
  Math.round(((await readAlarm(someone, 'd')) ?? Infinity) / 1_000 - Date.now() / 1_000);

/**
 * Opens a socket of the room, as the Worker does.
 * @returns whether the Worker records it
 */
const openSocket = async (someone: RoomUser, sessionId: string | null) => {
  const { headers, webSocket } = await getRoomStub('document', someone.userId, 'd').fetch('http://room', {
    headers: { upgrade: 'websocket', ...(sessionId !== null && { [SESSION_ID_HEADER]: sessionId }) },
  });
  webSocket?.accept();
  return headers.has(SHOULD_RECORD_HEADER);
};

describe('a new socket', () => {
  it('is recorded once for each session within the interval, and again after hibernation', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const openedAt = Date.now();
    const someone = await createRoomUser();
    expect(await openSocket(someone, 'one')).toBe(true);
    expect(await openSocket(someone, 'one')).toBe(false);
    expect(await openSocket(someone, 'other')).toBe(true);
    expect(await openSocket(someone, null)).toBe(true);
    expect(await openSocket(someone, null)).toBe(false);
    vi.setSystemTime(openedAt + REPORT_INTERVAL_MS - 1);
    expect(await openSocket(someone, 'one')).toBe(false);
    vi.setSystemTime(openedAt + REPORT_INTERVAL_MS);
    expect(await openSocket(someone, 'one')).toBe(true);
    await evictDurableObject(getRoomStub('document', someone.userId, 'd'));
    expect(await openSocket(someone, 'one')).toBe(true);
  });

  it('is refused and not reported if its session has ended', async () => {
    const someone = await createRoomUser();
    for (const session of ['one', 'other']) expect(await openSocket(someone, session)).toBe(true);
    await getRoomStub('document', someone.userId, 'd').endSockets(['one']);
    expect(await openSocket(someone, 'one')).toBe(false);
    expect(await openSocket(someone, 'other')).toBe(false);
  });
});

describe('a room that waits for its compaction', () => {
  it('reports at once when its sockets close for the first time, and later with the compaction', async () => {
    const someone = await createRoomUser();
    const first = await openAndEdit(someone);
    first.socket.close(1000);
    await expect
      .poll(() => readSecondsToAlarm(someone))
      .toBeLessThanOrEqual(REPORT_DELAY_AFTER_CLOSE_MS / 1_000);
    await runAlarm(someone, 'd');
    expect((await readRow(someone, 'd'))?.storage_bytes).toBe(await readSize(someone, 'd'));

    const again = await RawSocket.open(someone, '/documents/d');
    again.socket.close(1000);
    await expect.poll(() => readSecondsToAlarm(someone)).toBeLessThan(Infinity);
    expect(await readSecondsToAlarm(someone)).toBeGreaterThan(REPORT_DELAY_AFTER_CLOSE_MS / 1_000);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + QUIET_AFTER_MS });
    await runAlarm(someone, 'd');
    expect((await readRow(someone, 'd'))?.storage_bytes).toBe(await readSize(someone, 'd'));
    expect(await countUpdates(someone)).toBe(1);
  });

  it('does not report by the alarm of its compaction while edits go on, but when the report is due', async () => {
    const someone = await createRoomUser();
    vi.useFakeTimers({ toFake: ['Date'] });
    const startedAt = Date.now();
    const socket = await openAndEdit(someone);
    await runAlarm(someone, 'd');
    const row = await readRow(someone, 'd');
    const seconds: number[] = [];
    // An edit every second; the alarm fires when it was requested.
    for (let second = 1; second <= 120; second++) {
      vi.setSystemTime(startedAt + second * 1_000);
      socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'.repeat(5_000)))));
      await socket.waitUntilHandled();
      const alarm = await readAlarm(someone, 'd');
      if (alarm === null || alarm > Date.now()) continue;
      const { seq } = (await readRow(someone, 'd')) ?? {};
      await runAlarm(someone, 'd');
      if ((await readRow(someone, 'd'))?.seq !== seq) seconds.push(second);
    }
    expect(row).not.toBeNull();
    expect(seconds.map((second, index) => second - (seconds[index - 1] ?? 0))).toEqual([46, 46]);
  });

  it('delays the alarm of its compaction to its report when it is edited, so that one report covers both after hibernation', async () => {
    const someone = await createRoomUser();
    vi.useFakeTimers({ toFake: ['Date'] });
    const socket = await openAndEdit(someone);
    await runAlarm(someone, 'd');
    expect(await readAlarm(someone, 'd')).toBeLessThanOrEqual(Date.now() + QUIET_AFTER_MS);
    vi.setSystemTime(Date.now() + 15_000);
    const editedAt = Date.now();
    socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'.repeat(50_000)))));
    await socket.waitUntilHandled();
    expect(await readAlarm(someone, 'd')).toBe(editedAt + REPORT_INTERVAL_MS);
    await evictDurableObject(getRoomStub('document', someone.userId, 'd'));
    const before = await readRow(someone, 'd');
    vi.setSystemTime(editedAt + REPORT_INTERVAL_MS);
    await runAlarm(someone, 'd');
    const after = await readRow(someone, 'd');
    expect(after?.seq).toBe((before?.seq ?? 0) + 1);
    expect(after?.storage_bytes).toBe(await readSize(someone, 'd'));
    expect(await countUpdates(someone)).toBe(1);
  });

  it('delays its report by some seconds for a compaction, so that one report covers both', async () => {
    const someone = await createRoomUser();
    vi.useFakeTimers({ toFake: ['Date'] });
    const socket = await openAndEdit(someone);
    await runAlarm(someone, 'd');
    const startedAt = Date.now();
    const { seq = 0 } = (await readRow(someone, 'd')) ?? {};
    for (const at of [0, 20_000]) {
      vi.setSystemTime(startedAt + at);
      socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'.repeat(50_000)))));
      await socket.waitUntilHandled();
    }
    vi.setSystemTime(startedAt + REPORT_INTERVAL_MS);
    await runAlarm(someone, 'd');
    expect((await readRow(someone, 'd'))?.seq).toBe(seq);
    expect(await readAlarm(someone, 'd')).toBe(startedAt + 20_000 + QUIET_AFTER_MS);
    vi.setSystemTime(startedAt + 20_000 + QUIET_AFTER_MS);
    await runAlarm(someone, 'd');
    expect(await countUpdates(someone)).toBe(1);
    expect(await readRow(someone, 'd')).toMatchObject({
      seq: seq + 1,
      storage_bytes: await readSize(someone, 'd'),
    });
  });

  it('keeps its report and the expiry of a credential, whichever the alarm fires for', async () => {
    const someone = await createRoomUser();
    vi.useFakeTimers({ toFake: ['Date'] });
    const startedAt = Date.now();
    const expiring = await createRoomUser({ userId: someone.userId, expiresAt: startedAt + 40_000 });
    const short = await RawSocket.open(expiring, '/documents/d');
    await expiring.settle();
    const socket = await openAndEdit(someone);
    await runAlarm(someone, 'd');
    expect(await readAlarm(someone, 'd')).toBeLessThanOrEqual(Date.now() + QUIET_AFTER_MS);
    const { seq = 0 } = (await readRow(someone, 'd')) ?? {};
    vi.setSystemTime(startedAt + 5_000);
    socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'.repeat(50_000)))));
    await socket.waitUntilHandled();
    expect(await readAlarm(someone, 'd')).toBe(startedAt + 40_000);
    vi.setSystemTime(startedAt + 30_000);
    socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('y'.repeat(50_000)))));
    await socket.waitUntilHandled();
    vi.setSystemTime(startedAt + 40_000);
    await runAlarm(someone, 'd');
    expect((await short.closed).code).toBe(4511);
    expect((await readRow(someone, 'd'))?.seq).toBe(seq);
    expect(await readAlarm(someone, 'd')).toBe(startedAt + REPORT_INTERVAL_MS);
  });

  it('never leaves its row a minute behind, even after hibernation', async () => {
    const someone = await createRoomUser();
    vi.useFakeTimers({ toFake: ['Date'] });
    const socket = await openAndEdit(someone);
    await runAlarm(someone, 'd');
    const editedAt = Date.now();
    socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'.repeat(50_000)))));
    await socket.waitUntilHandled();
    vi.setSystemTime(editedAt + 20_000);
    await evictDurableObject(getRoomStub('document', someone.userId, 'd'));
    while ((await readRow(someone, 'd'))?.storage_bytes !== (await readSize(someone, 'd'))) {
      const alarm = await readAlarm(someone, 'd');
      expect(alarm).toBeLessThan(editedAt + 60_000);
      vi.setSystemTime(alarm ?? Infinity);
      await runAlarm(someone, 'd');
    }
  });
});
