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
const stubOf = (user: RoomUser) => getRoomStub('document', user.userId, 'd');
const textOf = (doc: Y.Doc) => doc.getText('text').toJSON();

const updatesIn = (received: readonly (Uint8Array | string)[]): Uint8Array[] =>
  received.flatMap((frame) => {
    const { type, update } = frame instanceof Uint8Array ? read(frame) : { type: 'text' };
    return type === 'update' && update !== undefined ? [update] : [];
  });

const rowsOf = ({ storage }: DurableObjectState): number =>
  storage.sql.exec<{ rows: number }>('SELECT count(*) AS rows FROM update_log').one().rows;

/** A person at a document, with what he types. */
class Typist {
  readonly doc = new Y.Doc({ gc: false });
  readonly socket: RawSocket;

  constructor(socket: RawSocket) {
    this.socket = socket;
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'room') socket.send(frames.update(update));
    });
  }

  /** Takes in what came. */
  read(): void {
    for (const update of updatesIn(this.socket.received)) Y.applyUpdate(this.doc, update, 'room');
  }
}

describe('edits that come at once', () => {
  it('reach everyone whole, from several writers and with deletions, and nobody is sent what he made', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = createRandom(seed);
    const user = await createRoomUser();
    const typists: Typist[] = [];
    // More writers than may wait for each other.
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

    const relayed = updatesIn(reader.received);
    expect(relayed.length, `seed ${seed}`).toBeLessThan(300);
    const seen = new Y.Doc({ gc: false });
    for (const update of relayed) Y.applyUpdate(seen, update);
    const stored = await join(await RawSocket.open(user, PATH));
    expect(textOf(stored), `seed ${seed}`).toBe(textOf(seen));
    for (const typist of typists) {
      const own = typist.doc.clientID;
      const from = updatesIn(typist.socket.received).flatMap((update) => Y.decodeUpdate(update).structs);
      expect(from.filter(({ id }) => id.client === own)).toEqual([]);
      typist.read();
      expect(textOf(typist.doc), `seed ${seed}`).toBe(textOf(seen));
    }
  });

  it('of which one is large are all stored', async () => {
    const user = await createRoomUser();
    const typist = new Typist(await RawSocket.open(user, PATH));
    for (const part of ['a', 'b', 'c'.repeat(MAX_BATCH_BYTES), 'd', 'e'])
      typist.doc.getText('text').insert(0, part);
    await typist.socket.waitUntilHandled();
    expect(textOf(await join(await RawSocket.open(user, PATH)))).toBe(textOf(typist.doc));
  });
});

describe('an edit that waits for those that come with it', () => {
  // Time stands still, so that the second edit comes within no time after the first.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is stored in a moment by itself', async () => {
    const { done } = await inRoom(async (_, state) => {
      await vi.waitFor(() => expect(rowsOf(state)).toBe(2));
    });
    await done;
  });

  it('was shown to nobody, and lost to nobody who was told of it, when a crash comes first', async () => {
    const { user, writer, reader, done } = await inRoom(async (_, state) => {
      await state.storage.sync();
      if (rowsOf(state) === 1) state.abort('power cut');
    });
    await Promise.allSettled([done]);
    const stored = textOf(await join(await RawSocket.open(user, PATH)));
    const seen = [...updatesIn(writer.received), ...updatesIn(reader.received)].map((update) => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, update);
      return textOf(doc);
    });
    for (const text of seen) expect(stored).toContain(text);
  });

  it.each<[string, (room: DocumentRoom) => unknown]>([
    ['somebody reads over HTTP', (room) => room.getDoc([])],
    ['somebody syncs over HTTP', (room) => room.sync(new Uint8Array([0]), new Uint8Array([0, 0]), [])],
    ['somebody looks at the room', (room) => room.describe()],
    ['somebody compacts it', (room) => room.compact()],
    ['a version is made', (room) => room.createSnapshot(null)],
    ['the alarm rings', (room) => room.alarm()],
  ])('is stored before %s', async (_, act) => {
    const { done } = await inRoom((room, state) => {
      const acting = act(room);
      expect([...readAll(state).store.clients.keys()]).toHaveLength(2);
      return acting;
    });
    await done;
  });

  it('reaches the others also where its maker was turned away meanwhile', async () => {
    const { reader, done } = await inRoom((room, state) => {
      const [, writer] = state.getWebSockets();
      if (writer !== undefined) room.webSocketMessage(writer, 'no text is taken');
    });
    await done;
    const seen = updatesIn([await reader.next(), await reader.next()]).map((update) => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, update);
      return textOf(doc);
    });
    expect(seen).toEqual(['first', 'second']);
  });

  it('goes with its room where that is deleted', async () => {
    const { user, done } = await inRoom((room) => room.remove());
    await done;
    expect((await user.request(PATH)).status).toBe(410);
    expect((await user.request(PATH, { method: 'PUT' })).status).toBe(201);
    const doc = new Y.Doc();
    await syncOverHttp(user, PATH, doc);
    expect(textOf(doc)).toBe('');
  });

  it('and cannot be stored sends its maker away to bring it again, and disturbs nobody else', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { writer, reader, done } = await inRoom(async (room, { storage }) => {
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

/** What the log says, by Yjs. */
function readAll({ storage }: DurableObjectState): Y.Doc {
  const doc = new Y.Doc({ gc: false });
  for (const { bytes } of storage.sql.exec<{ bytes: ArrayBuffer }>(
    'SELECT bytes FROM update_log ORDER BY id',
  ))
    Y.applyUpdate(doc, new Uint8Array(bytes));
  return doc;
}

/** A room to which somebody has just sent two edits, of which the second waits. */
async function inRoom(then: (room: DocumentRoom, state: DurableObjectState) => unknown) {
  const user = await createRoomUser();
  const [writer, reader] = [await RawSocket.open(user, PATH), await RawSocket.open(user, PATH)];
  await reader.waitUntilHandled();
  await writer.waitUntilHandled();
  const stub = stubOf(user);
  vi.setSystemTime(Date.now() + EDIT_BATCH_WINDOW_MS);
  const done = runInDurableObject(stub, async (room, state) => {
    const [, socket] = state.getWebSockets();
    if (socket === undefined) throw new Error('no socket');
    for (const word of ['first', 'second'])
      room.webSocketMessage(
        socket,
        frames.update(Y.encodeStateAsUpdate(createDocWithText(word))).slice().buffer,
      );
    expect(rowsOf(state)).toBe(1);
    await then(asDocument(room), state);
  });
  return { user, writer, reader, done };
}

function asDocument(room: object): DocumentRoom {
  if (!(room instanceof DocumentRoom)) throw new Error('not a document');
  return room;
}
