import { evictDurableObject } from 'cloudflare:test';
import { afterEach, expect, it, vi } from 'vitest';
import { MAX_SILENCE_MS } from '../../../../src/rooms/limits/socket-limits.ts';
import { frames, RawSocket, read, readAwareness } from '../../support/raw-socket.ts';
import { createRoomUser, getRoomStub } from '../../support/room-app.ts';

/** As in vitest.config.ts. */
const MAX_SOCKETS = 20;
/** A hidden tab sends once a minute. */
const HIDDEN_TAB_MS = 60_000;

const path = '/documents/meeting';
/** An update without content (Yjs v1). */
const NO_EDITS = new Uint8Array([0, 0]);

afterEach(() => {
  vi.useRealTimers();
});

function passTime(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

it('vanished clients are neither present nor counted, also after hibernation, and free their sockets', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const owner = await createRoomUser();
  const stub = getRoomStub('document', owner.userId, 'meeting');
  const vanished: RawSocket[] = [];
  for (let id = 0; id < MAX_SOCKETS; id++) {
    const socket = await RawSocket.open(owner, path);
    socket.send(frames.awareness(id, 1, 'here'));
    vanished.push(socket);
  }
  await Promise.all(vanished.map((socket) => socket.waitUntilHandled()));
  passTime(MAX_SILENCE_MS / 2);
  const refused = await RawSocket.open(owner, path);
  expect((await refused.closed).code).toBe(1013);
  await evictDurableObject(stub);
  passTime(MAX_SILENCE_MS / 2 + 1);
  const newcomer = await RawSocket.open(owner, path);
  await newcomer.waitUntilHandled();
  expect(await stub.describe()).toMatchObject({ connected: { sockets: 1, people: [] } });
  const closed = await Promise.all(vanished.map((socket) => socket.closed));
  expect(new Set(closed.map(({ code }) => code))).toEqual(new Set([1013]));
  const left = (await newcomer.waitUntilHandled())
    .flatMap(readAwareness)
    .filter(({ state }) => state === null);
  expect(left).toHaveLength(MAX_SOCKETS);
});

it('silent clients are limited to the same number of sockets as active ones', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const owner = await createRoomUser();
  const open = async () => {
    const sockets: RawSocket[] = [];
    for (let id = 0; id < MAX_SOCKETS; id++) sockets.push(await RawSocket.open(owner, path));
    await Promise.all(sockets.map((socket) => socket.waitUntilHandled()));
    passTime(MAX_SILENCE_MS + 1);
  };
  await open();
  await open();
  const oneMore = await RawSocket.open(owner, path);
  expect((await oneMore.closed).code).toBe(1013);
});

it('a client that only answers the room stays connected', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const owner = await createRoomUser();
  const [idle, vanished] = [await RawSocket.open(owner, path), await RawSocket.open(owner, path)];
  idle.socket.addEventListener('message', ({ data }: { data: string | ArrayBuffer }) => {
    if (typeof data !== 'string' && read(new Uint8Array(data)).type === 'step1')
      idle.send(frames.step2(NO_EDITS));
  });
  await Promise.all([idle.waitUntilHandled(), vanished.waitUntilHandled()]);
  const stub = getRoomStub('document', owner.userId, 'meeting');
  for (const _ of [1, 2]) {
    passTime(MAX_SILENCE_MS + 1);
    expect(await stub.describe()).toMatchObject({ connected: { sockets: 1 } });
    expect((await vanished.closed).code).toBe(1013);
  }
  idle.send(frames.queryAwareness());
  await idle.waitUntilHandled();
});

it('reading the description of a room closes vanished clients', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const owner = await createRoomUser();
  const socket = await RawSocket.open(owner, path);
  socket.send(frames.awareness(1, 1, 'here'));
  await socket.waitUntilHandled();
  passTime(MAX_SILENCE_MS + 1);
  const stub = getRoomStub('document', owner.userId, 'meeting');
  expect(await stub.describe()).toMatchObject({ connected: { sockets: 0, people: [] } });
  expect((await socket.closed).code).toBe(1013);
});

it.each([
  ['renews its awareness', (minute: number) => frames.awareness(1, minute, 'here')],
  ['echoes the awareness of another client', () => frames.awareness(2, 1, 'other')],
])('a client that %s once a minute stays connected, also through hibernation', async (_, frame) => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const owner = await createRoomUser();
  const stub = getRoomStub('document', owner.userId, 'meeting');
  const socket = await RawSocket.open(owner, path);
  for (let minute = 1; minute <= 6; minute++) {
    socket.send(frame(minute));
    await socket.waitUntilHandled();
    await evictDurableObject(stub);
    passTime(HIDDEN_TAB_MS);
    expect(await stub.describe()).toMatchObject({ connected: { sockets: 1 } });
  }
});

it.each([
  ['while the room is awake', async () => {}],
  ['while the room hibernates', (stub: ReturnType<typeof getRoomStub>) => evictDurableObject(stub)],
])('a client that only sends pings stays connected %s, until it stops', async (_, sleep) => {
  const present = Date.now();
  // The runtime times its pongs with its own clock, so the sockets are opened in the past.
  vi.useFakeTimers({ toFake: ['Date'], now: present - MAX_SILENCE_MS - HIDDEN_TAB_MS });
  const owner = await createRoomUser();
  const stub = getRoomStub('document', owner.userId, 'meeting');
  const [pinging, silent] = [await RawSocket.open(owner, path), await RawSocket.open(owner, path)];
  await Promise.all([pinging.waitUntilHandled(), silent.waitUntilHandled()]);
  await sleep(stub);
  vi.setSystemTime(present);
  pinging.send('ping');
  await expect.poll(() => pinging.received).toContain('pong');
  expect(await stub.describe()).toMatchObject({ connected: { sockets: 1 } });
  expect((await silent.closed).code).toBe(1013);
  passTime(MAX_SILENCE_MS - HIDDEN_TAB_MS);
  expect(await stub.describe()).toMatchObject({ connected: { sockets: 1 } });
  passTime(2 * HIDDEN_TAB_MS);
  expect(await stub.describe()).toMatchObject({ connected: { sockets: 0 } });
});

it('observers do not count against the limit of sockets', async () => {
  const owner = await createRoomUser();
  const observers: RawSocket[] = [];
  for (let count = 0; count < MAX_SOCKETS; count++) {
    observers.push(await RawSocket.open(owner, `${path}?watch=true`));
  }
  const editor = await RawSocket.open(owner, path);
  await editor.waitUntilHandled();
  const oneMore = await RawSocket.open(owner, `${path}?watch=true`);
  expect((await oneMore.closed).code).toBe(1013);
  for (const { socket } of [editor, ...observers]) socket.close(1000);
});
