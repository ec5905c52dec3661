import { evictDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import {
  MIN_BULK_WINDOW_BYTES,
  MAX_UNREAD_BULK_BYTES_PER_ROOM,
  MAX_STALLED_MS,
  MAX_STALLED_WHEN_OTHERS_WAIT_MS,
  SEND_WINDOW_BYTES,
} from '../../../../src/rooms/limits/socket-limits.ts';
import { createRandom } from '../../../../scripts/lib/random.ts';
import {
  type RoomUser,
  createDocWithText,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
} from '../../support/room-app.ts';
import { EMPTY_STEP_2, RawSocket, frames, read, readAwareness } from '../../support/raw-socket.ts';

const EMPTY_STATE_VECTOR = new Uint8Array([0]);
const path = '/documents/large';

afterEach(() => {
  vi.useRealTimers();
});

const getStub = ({ userId }: RoomUser) => getRoomStub('document', userId, 'large');

async function store(owner: RoomUser, doc: Y.Doc): Promise<void> {
  const body = encodeSyncBody(Y.encodeStateVector(doc), Y.encodeStateAsUpdate(doc));
  const response = await owner.request(path, { method: 'POST', body });
  expect(response.ok).toBe(true);
  // An unread body would block the room.
  await response.arrayBuffer();
}

/** Creates a room whose content is several send windows long. */
async function createLargeRoom(windows = 3) {
  const owner = await createRoomUser();
  const doc = new Y.Doc();
  for (let part = 0; part < windows * 4; part++) {
    doc.getText('text').insert(0, String(part % 10).repeat(SEND_WINDOW_BYTES / 4));
    await store(owner, doc);
  }
  return { owner, doc };
}

const sumBytes = (received: readonly Uint8Array[]) =>
  received.reduce((sum, frame) => sum + frame.byteLength, 0);

/** A client that reads, applies and answers frames only when the test calls it. */
class Reader {
  readonly doc = new Y.Doc();
  readonly socket: RawSocket;
  #unanswered = 0;
  step2Count = 0;

  constructor(socket: RawSocket) {
    this.socket = socket;
  }

  static async open(owner: RoomUser): Promise<Reader> {
    const reader = new Reader(await RawSocket.open(owner, path));
    reader.socket.send(frames.step1(EMPTY_STATE_VECTOR));
    return reader;
  }

  /** Reads and applies the received frames without an answer. @returns their bytes */
  async readFrames(): Promise<number> {
    const received = await this.socket.waitUntilHandled();
    for (const frame of received) {
      const { type, update } = read(frame);
      if (type === 'step1') this.#unanswered += 1;
      if (type === 'step2') this.step2Count += 1;
      if ((type === 'step2' || type === 'update') && update !== undefined) Y.applyUpdate(this.doc, update);
    }
    return sumBytes(received);
  }

  /** Answers the step 1s of the room, which marks all before them as read. @returns whether there were any */
  answer(): boolean {
    const { length } = Array.from({ length: this.#unanswered }, () => this.socket.send(EMPTY_STEP_2));
    this.#unanswered = 0;
    return length > 0;
  }

  /** Reads and answers until no frame is left. */
  async readAll(): Promise<void> {
    do await this.readFrames();
    while (this.answer());
  }
}

const readText = (doc: Y.Doc) => doc.getText('text').toJSON();

describe('a client of a large room', () => {
  it('receives one window however often it asks, the rest as it reads, and a step 2 at the end', async () => {
    const { owner, doc } = await createLargeRoom();
    const reader = await Reader.open(owner);
    for (let asked = 0; asked < 120; asked++) reader.socket.send(frames.step1(EMPTY_STATE_VECTOR));
    expect(await reader.readFrames()).toBeLessThan(1.1 * SEND_WINDOW_BYTES);
    expect(reader.step2Count).toBe(0);
    reader.answer();
    expect(await reader.readFrames()).toBeLessThan(1.1 * SEND_WINDOW_BYTES);
    await reader.readAll();
    // One for the first step 1, and one for all others.
    expect(reader.step2Count).toBe(2);
    expect(readText(reader.doc) === readText(doc)).toBe(true);
  });

  it('receives concurrent edits with the rest, in their order', async () => {
    const { owner, doc } = await createLargeRoom();
    const reader = await Reader.open(owner);
    await reader.readFrames();
    const writer = await RawSocket.open(owner, path);
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    doc.getText('text').insert(5, 'bold', { bold: true });
    doc.getText('text').delete(100, 50);
    await writer.sendInTurn(updates);
    expect(await reader.readFrames()).toBe(0);
    await reader.readAll();
    expect(reader.step2Count).toBe(1);
    expect(reader.doc.getText('text').toDelta()).toEqual(doc.getText('text').toDelta());
  });

  it('receives the rest although the room compacts or hibernates meanwhile', async () => {
    const { owner, doc } = await createLargeRoom();
    const reader = await Reader.open(owner);
    await reader.readFrames();
    expect(await getStub(owner).compact()).toMatchObject({ outcome: 'compacted' });
    reader.answer();
    await reader.readFrames();
    await evictDurableObject(getStub(owner));
    doc.getText('text').insert(0, 'written while the reader was stalled');
    await store(owner, doc);
    await reader.readFrames();
    await reader.readAll();
    expect(readText(reader.doc) === readText(doc)).toBe(true);
  });
});

describe('an edit larger than the window', () => {
  it.each([
    ['a little', 1],
    ['many small frames', 20],
  ])('reaches a client that has read %s before, without another request', async (_, frameCount) => {
    const owner = await createRoomUser();
    const doc = createDocWithText('');
    const reader = await Reader.open(owner);
    await reader.readAll();
    const other = await RawSocket.open(owner, path);
    for (let clock = 1; clock <= frameCount; clock++) {
      other.send(frames.awareness(1, clock, `${clock}${'x'.repeat(7_000)}`));
      await other.waitUntilHandled();
    }
    doc.getText('text').insert(0, 'x'.repeat(2 * SEND_WINDOW_BYTES));
    await store(owner, doc);
    while (readText(reader.doc) === '') {
      const { type, update } = read(await reader.socket.next());
      if (type === 'step1') reader.socket.send(EMPTY_STEP_2);
      if (type === 'update' && update !== undefined) Y.applyUpdate(reader.doc, update);
    }
    expect(readText(reader.doc) === readText(doc)).toBe(true);
  });
});

describe('a client that falls behind', () => {
  it('receives edits up to its window, and the others from the log once it has read', async () => {
    const owner = await createRoomUser();
    const doc = createDocWithText('');
    const reader = await Reader.open(owner);
    await reader.readAll();
    let sent = 0;
    for (let edit = 0; edit < 60; edit++) {
      doc.getText('text').insert(0, String(edit % 10).repeat(SEND_WINDOW_BYTES / 20));
      await store(owner, doc);
      sent += SEND_WINDOW_BYTES / 20;
    }
    expect(await reader.readFrames()).toBeLessThan(1.1 * SEND_WINDOW_BYTES);
    expect(sent).toBeGreaterThan(2 * SEND_WINDOW_BYTES);
    await reader.readAll();
    expect(readText(reader.doc) === readText(doc)).toBe(true);
  });

  it('receives awareness once it has read, without clients that left', async () => {
    const { owner } = await createLargeRoom(1);
    const [slow, stays, leaves] = [
      await RawSocket.open(owner, path),
      await RawSocket.open(owner, path),
      await RawSocket.open(owner, path),
    ];
    leaves.send(frames.awareness(2, 1, 'leaves'));
    await leaves.waitUntilHandled();
    await slow.waitUntilHandled();
    slow.send(frames.step1(EMPTY_STATE_VECTOR));
    await slow.waitUntilHandled();
    const [lastClock, large] = [100, 'x'.repeat(7_000)];
    for (let clock = 1; clock < lastClock; clock++) {
      stays.send(frames.awareness(1, clock, clock + large));
      await stays.waitUntilHandled();
    }
    await slow.waitUntilHandled();
    stays.send(frames.awareness(1, lastClock, 'stays'));
    await stays.waitUntilHandled();
    leaves.socket.close(1000);
    await leaves.closed;
    expect((await slow.waitUntilHandled()).flatMap(readAwareness)).toEqual([]);
    slow.send(EMPTY_STEP_2);
    expect((await slow.waitUntilHandled()).filter((frame) => frame[0] === 1).flatMap(readAwareness)).toEqual([
      { clientId: 1, clock: lastClock, state: 'stays' },
      { clientId: 2, clock: 1, state: null },
    ]);
  });

  it('is closed with 1013 when it stops reading too long while data waits', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { owner, doc } = await createLargeRoom();
    const reader = await Reader.open(owner);
    await reader.readFrames();
    for (const [wait, isOpen] of [
      [MAX_STALLED_MS, true],
      [1, false],
    ] as const) {
      vi.setSystemTime(Date.now() + wait);
      doc.getText('text').insert(0, 'x');
      await store(owner, doc);
      expect(await getStub(owner).describe()).toMatchObject({ connected: { sockets: isOpen ? 1 : 0 } });
    }
    expect((await reader.socket.closed).code).toBe(1013);
  });
});

describe('clients of a large room that do not read', () => {
  it('share the room’s limit of unread data, and other clients still get the content', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { owner, doc } = await createLargeRoom();
    const stalled: Reader[] = [];
    let sent = 0;
    // One less than the room's limit of sockets (vitest.config.ts).
    for (let count = 0; count < 19; count++) {
      const reader = await Reader.open(owner);
      sent += await reader.readFrames();
      stalled.push(reader);
    }
    expect(sent).toBeGreaterThan(MAX_UNREAD_BULK_BYTES_PER_ROOM / 2);
    expect(sent).toBeLessThan(MAX_UNREAD_BULK_BYTES_PER_ROOM + 19 * MIN_BULK_WINDOW_BYTES);
    const reader = await Reader.open(owner);
    await reader.readAll();
    vi.setSystemTime(Date.now() + MAX_STALLED_WHEN_OTHERS_WAIT_MS + 1);
    await reader.readAll();
    expect(readText(reader.doc) === readText(doc)).toBe(true);
  });
});

it('clients that read at random times converge to the content of the room', async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  console.log(`seed ${seed}`);
  const random = createRandom(seed);
  const { owner, doc } = await createLargeRoom(1);
  const readers = [await Reader.open(owner), await Reader.open(owner)];
  for (let step = 0; step < 60; step++) {
    const reader = readers[Math.floor(random() * readers.length)];
    const dice = random();
    if (dice < 0.5) {
      const at = Math.floor(random() * doc.getText('text').length);
      if (random() < 0.3) doc.getText('text').delete(at, Math.min(1_000, doc.getText('text').length - at));
      else
        doc.getText('text').insert(at, 'y'.repeat(random() * 400_000), random() < 0.3 ? { bold: true } : {});
      await store(owner, doc);
    } else if (dice < 0.7) await reader?.readFrames();
    else if (dice < 0.85) reader?.answer();
    else if (dice < 0.9) await getStub(owner).compact();
    else if (dice < 0.95) await evictDurableObject(getStub(owner));
    else reader?.socket.send(frames.step1(Y.encodeStateVector(reader.doc)));
  }
  const expected = doc.getText('text').toDelta();
  for (const reader of readers) {
    await reader.readAll();
    expect(reader.doc.getText('text').toDelta(), `seed ${seed}`).toEqual(expected);
  }
});
