import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { MAX_AWARENESS_BYTES, MAX_AWARENESS_CLIENTS } from '../../../src/rooms/limits/socket-limits.ts';
import { frames, join, RawSocket, read } from '../support/raw-socket.ts';
import { createDocWithText, createRoomUser, getRoomStub } from '../support/room-app.ts';
import { expectOpen, run } from './signed-in.ts';

const PATH = '/documents/notes';

/** Two sockets of one user in one room: of a credential that has just reached its end, and of one that goes on. */
async function shortAndLong() {
  const expiresAt = Date.now() + 60_000;
  const someone = await createRoomUser({ expiresAt });
  const short = await RawSocket.open(someone, PATH);
  short.send(frames.awareness(1, 1, 'short'));
  await short.waitUntilHandled();
  const long = await RawSocket.open(await createRoomUser({ userId: someone.userId }), PATH);
  await long.waitUntilHandled();
  const stub = getRoomStub('document', someone.userId, 'notes');
  // Whatever ends it must be what the test does.
  await runInDurableObject(stub, (_, { storage }) => storage.deleteAlarm());
  vi.setSystemTime(expiresAt);
  return { short, long, stub };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe.each([
  ['awake', false],
  ['hibernating', true],
])('in a room that is %s, a socket whose credential has reached its end', (_how, sleeps) => {
  it('is closed by the alarm with a code after which clients reconnect, and its presence is removed', async () => {
    const { short, long, stub } = await shortAndLong();
    if (sleeps) await evictDurableObject(stub, { webSockets: 'hibernate' });
    await runInDurableObject(stub, (_, { storage }) => storage.setAlarm(Date.now() + 3_600_000));
    await runDurableObjectAlarm(stub);
    const { code, reason } = await short.closed;
    expect([code, reason]).toEqual([4511, expect.stringContaining('new one')]);
    expect(read(await long.next()).clients).toEqual({ 1: null });
    await expectOpen(long);
  });

  it('is closed at its next frame, which is ignored', async () => {
    const { short, long, stub } = await shortAndLong();
    if (sleeps) await evictDurableObject(stub, { webSockets: 'hibernate' });
    short.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('too late'))));
    expect((await short.closed).code).toBe(4511);
    expect((await join(long)).getText('text').toJSON()).toBe('');
  });
});

describe('the alarm of a room', () => {
  it('is set for the earliest expiry, also if that socket connects last', async () => {
    const [late, soon] = [Date.now() + 600_000, Date.now() + 300_000];
    const someone = await createRoomUser({ expiresAt: late });
    await RawSocket.open(someone, PATH);
    const stub = getRoomStub('document', someone.userId, 'notes');
    // The report of the new room comes first of all.
    await runDurableObjectAlarm(stub);
    const alarm = () => runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
    expect(await alarm()).toBe(late);
    await RawSocket.open(await createRoomUser({ userId: someone.userId, expiresAt: soon }), PATH);
    expect(await alarm()).toBe(soon);
  });
});

describe('a socket attachment', () => {
  it('has space for the largest awareness and the session', async () => {
    const sessionId = 's'.repeat(64);
    const someone = await createRoomUser({ sessionId, expiresAt: Date.now() + 600_000 });
    await run(
      'INSERT INTO session (id, token, user_id, expires_at) VALUES (?1, ?1, ?2, ?3)',
      sessionId,
      someone.userId,
      Date.now() + 600_000,
    );
    const socket = await RawSocket.open(someone, PATH);
    // In JSON a string has two bytes more.
    const state = 'x'.repeat(MAX_AWARENESS_BYTES / MAX_AWARENESS_CLIENTS - 2);
    for (let client = 1; client <= MAX_AWARENESS_CLIENTS; client++) {
      socket.send(frames.awareness(2 ** 32 - client, 2 ** 31, state));
    }
    await socket.waitUntilHandled();
    await evictDurableObject(getRoomStub('document', someone.userId, 'notes'), { webSockets: 'hibernate' });
    const newcomer = await RawSocket.open(await createRoomUser({ userId: someone.userId }), PATH);
    expect(Object.keys(read(await newcomer.next()).clients ?? {})).toHaveLength(MAX_AWARENESS_CLIENTS);
  });
});
