import { runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { createRandom } from '../../../../scripts/lib/random.ts';
import { DocumentRoom } from '../../../../src/index.ts';
import { EDIT_BATCH_WINDOW_MS, MAX_BATCH_BYTES } from '../../../../src/rooms/limits/socket-limits.ts';
import { RawSocket, frames, join, read } from '../../support/raw-socket.ts';
import {
  createDocWithText,
  createRoomUser,
  type RoomUser,
  getRoomStub,
  syncOverHttp,
} from '../../support/room-app.ts';

const PATH = '/documents/d';
const getStub = (user: RoomUser) => getRoomStub('document', user.userId, 'd');
const readText = (doc: Y.Doc) => doc.getText('text').toJSON();

const readUpdates = (received: readonly (Uint8Array | string)[]): Uint8Array[] =>
  received.flatMap((frame) => {
    const { type, update } = frame instanceof Uint8Array ? read(frame) : { type: 'text' };
    return type === 'update' && update !== undefined ? [update] : [];
  });

const countRows = ({ storage }: DurableObjectState): number =>
  storage.sql.exec<{ rows: number }>('SELECT count(*) AS rows FROM update_log').one().rows;

/** A client with a document that sends its edits to the room. */
class Typist {
  readonly doc = new Y.Doc({ gc: false });
  readonly socket: RawSocket;

  constructor(socket: RawSocket) {
    this.socket = socket;
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'room') socket.send(frames.update(update));
    });
  }

  /** Applies all received updates. */
  read(): void {
    for (const update of readUpdates(this.socket.received)) Y.applyUpdate(this.doc, update, 'room');
  }
}

describe('concurrent edits', () => {
  it('of several writers reach every client completely, and no client receives its own edits', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = createRandom(seed);
    const user = await createRoomUser();
    const typists: Typist[] = [];
    // More writers than one batch may contain.
    for (let index = 0; index < 12; index++) typists.push(new Typist(await RawSocket.open(user, PATH)));
    const reader = await RawSocket.open(user, PATH);
    for (let edit = 0; edit < 600; edit++) {
      const { doc } = typists[Math.floor(random() * typists.length)] ?? new Typist(reader);
      const text = doc.getText('text');
      const at = Math.floor(random() * text.length);
      if (text.length > 0 && random() < 0.3) text.delete(at, 1);
      else text.insert(at, String.fromCodePoint(97 + Math.floor(random() * 26)));
    }
    for (const { socket } of typists) await socket.waitUntilHandled();
    await reader.waitUntilHandled();

    const relayed = readUpdates(reader.received);
    expect(relayed.length, `seed ${seed}`).toBeLessThan(300);
    const seen = new Y.Doc({ gc: false });
    for (const update of relayed) Y.applyUpdate(seen, update);
    const stored = await join(await RawSocket.open(user, PATH));
    expect(readText(stored), `seed ${seed}`).toBe(readText(seen));
    for (const typist of typists) {
      const own = typist.doc.clientID;
      const from = readUpdates(typist.socket.received).flatMap((update) => Y.decodeUpdate(update).structs);
      expect(from.filter(({ id }) => id.client === own)).toEqual([]);
      typist.read();
      expect(readText(typist.doc), `seed ${seed}`).toBe(readText(seen));
    }
  });

  it('are all stored when one of them is large', async () => {
    const user = await createRoomUser();
    const typist = new Typist(await RawSocket.open(user, PATH));
    for (const part of ['a', 'b', 'c'.repeat(MAX_BATCH_BYTES), 'd', 'e'])
      typist.doc.getText('text').insert(0, part);
    await typist.socket.waitUntilHandled();
    expect(readText(await join(await RawSocket.open(user, PATH)))).toBe(readText(typist.doc));
  });
});

describe('an edit that waits in a batch', () => {
  // The clock stands still, so that the second edit arrives within the batch window.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is stored without another event', async () => {
    const { done } = await runWithWaitingEdit(async (_, state) => {
      await vi.waitFor(() => expect(countRows(state)).toBe(2));
    });
    await done;
  });

  it('is stored after a crash if any client received it', async () => {
    const { user, writer, reader, done } = await runWithWaitingEdit(async (_, state) => {
      await state.storage.sync();
      if (countRows(state) === 1) state.abort('power cut');
    });
    await Promise.allSettled([done]);
    const stored = readText(await join(await RawSocket.open(user, PATH)));
    const seen = [...readUpdates(writer.received), ...readUpdates(reader.received)].map((update) => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, update);
      return readText(doc);
    });
    for (const text of seen) expect(stored).toContain(text);
  });

  it.each<[string, (room: DocumentRoom) => unknown]>([
    ['an HTTP read', (room) => room.getDoc([])],
    ['an HTTP sync', (room) => room.sync(new Uint8Array([0]), new Uint8Array([0, 0]), [])],
    ['a description of the room', (room) => room.describe()],
    ['a compaction', (room) => room.compact()],
    ['a version is created', (room) => room.createSnapshot(null)],
    ['the alarm runs', (room) => room.alarm()],
  ])('is stored before %s', async (_, act) => {
    const { done } = await runWithWaitingEdit((room, state) => {
      const acting = act(room);
      expect([...readLog(state).store.clients.keys()]).toHaveLength(2);
      return acting;
    });
    await done;
  });

  it('reaches other clients although its sender was closed meanwhile', async () => {
    const { reader, done } = await runWithWaitingEdit((room, state) => {
      const [, writer] = state.getWebSockets();
      if (writer !== undefined) room.webSocketMessage(writer, 'no text is taken');
    });
    await done;
    const seen = readUpdates([await reader.next(), await reader.next()]).map((update) => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, update);
      return readText(doc);
    });
    expect(seen).toEqual(['first', 'second']);
  });

  it('is deleted with its room', async () => {
    const { user, done } = await runWithWaitingEdit((room) => room.remove());
    await done;
    expect((await user.request(PATH)).status).toBe(410);
    expect((await user.request(PATH, { method: 'PUT' })).status).toBe(201);
    const doc = new Y.Doc();
    await syncOverHttp(user, PATH, doc);
    expect(readText(doc)).toBe('');
  });

  it('that cannot be stored closes only its sender with 1013', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { writer, reader, done } = await runWithWaitingEdit(async (room, { storage }) => {
      storage.sql.exec(
        `CREATE TRIGGER full BEFORE INSERT ON update_log BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`,
      );
      expect(room.getDoc([])).toMatchObject({ kind: 'reached' });
      storage.sql.exec('DROP TRIGGER full');
    });
    await done;
    const closed = await Promise.race([writer.closed, reader.closed]);
    expect(closed).toEqual({ code: 1013, reason: expect.stringContaining('could not be stored') });
    expect(log).toHaveBeenCalledWith(expect.objectContaining({ event: 'edit_not_stored' }));
    log.mockRestore();
  });
});

/** The content of the log as Yjs reads it. */
function readLog({ storage }: DurableObjectState): Y.Doc {
  const doc = new Y.Doc({ gc: false });
  for (const { bytes } of storage.sql.exec<{ bytes: ArrayBuffer }>(
    'SELECT bytes FROM update_log ORDER BY id',
  ))
    Y.applyUpdate(doc, new Uint8Array(bytes));
  return doc;
}

/** Sends two edits to a room, of which the second waits in a batch, and runs `then` inside the object. */
async function runWithWaitingEdit(then: (room: DocumentRoom, state: DurableObjectState) => unknown) {
  const user = await createRoomUser();
  const [writer, reader] = [await RawSocket.open(user, PATH), await RawSocket.open(user, PATH)];
  await reader.waitUntilHandled();
  await writer.waitUntilHandled();
  const stub = getStub(user);
  vi.setSystemTime(Date.now() + EDIT_BATCH_WINDOW_MS);
  const done = runInDurableObject(stub, async (room, state) => {
    const [, socket] = state.getWebSockets();
    if (socket === undefined) throw new Error('no socket');
    for (const word of ['first', 'second'])
      room.webSocketMessage(
        socket,
        frames.update(Y.encodeStateAsUpdate(createDocWithText(word))).slice().buffer,
      );
    expect(countRows(state)).toBe(1);
    await then(assertDocumentRoom(room), state);
  });
  return { user, writer, reader, done };
}

function assertDocumentRoom(room: object): DocumentRoom {
  if (!(room instanceof DocumentRoom)) throw new Error('not a document');
  return room;
}
