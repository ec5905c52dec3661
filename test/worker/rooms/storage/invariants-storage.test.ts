import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { COMPACT_QUIET_AFTER_UPDATES, QUIET_AFTER_MS } from '../../../../src/rooms/limits/storage-limits.ts';
import { frames, join, RawSocket, read } from '../../support/raw-socket.ts';
import {
  createDocWithText,
  type RoomUser,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
  syncOverHttp,
} from '../../support/room-app.ts';

const TYPES = ['workspace', 'document'] as const;
const NOTHING = Y.encodeStateVector(new Y.Doc());

const getText = (doc: Y.Doc): string => doc.getText('text').toJSON();

async function readOverHttp(someone: RoomUser, path: string): Promise<Y.Doc> {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await (await someone.request(path)).arrayBuffer()));
  return doc;
}

/** Reads the stored updates, each joined from its rows. */
function readLog(type: (typeof TYPES)[number], someone: RoomUser): Promise<string[]> {
  return runInDurableObject(getRoomStub(type, someone.userId, 'r'), (_, { storage }) => {
    const rows = storage.sql
      .exec<{ last: number; bytes: ArrayBuffer }>('SELECT last, bytes FROM update_log ORDER BY id')
      .toArray();
    const updates: string[] = [];
    let open = '';
    for (const { last, bytes } of rows) {
      open += toHex(new Uint8Array(bytes));
      if (last > 0) {
        updates.push(open);
        open = '';
      }
    }
    return updates;
  });
}

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.each(TYPES)('stored before seen, in a %s:', (type) => {
  const path = `/${type}s/r`;

  /** Resets the object at once, as a crash would. */
  async function cutPower(someone: RoomUser): Promise<void> {
    const cut = runInDurableObject(getRoomStub(type, someone.userId, 'r'), (_, state) =>
      state.abort('power cut'),
    );
    await expect(cut).rejects.toThrow('power cut');
  }

  const promises: [string, (someone: RoomUser, update: Uint8Array) => Promise<unknown>][] = [
    [
      'what a peer has seen',
      async (someone, update) => {
        const [writer, reader] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
        writer.send(frames.update(update));
        return reader.next();
      },
    ],
    [
      'what a late client has seen',
      async (someone, update) => {
        const [writer, reader] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
        writer.send(frames.update(update));
        writer.send(frames.step1(NOTHING));
        await writer.next();
        return join(reader);
      },
    ],
    [
      'what was acknowledged',
      async (someone, update) => {
        const writer = await RawSocket.open(someone, path);
        writer.send(frames.update(update));
        return writer.waitUntilHandled();
      },
    ],
    [
      'what a 2xx answered',
      async (someone, update) => {
        const response = await someone.request(path, {
          method: 'POST',
          body: encodeSyncBody(NOTHING, update),
        });
        expect(response.ok).toBe(true);
      },
    ],
    [
      'what a reader was given',
      async (someone, update) => {
        const writer = await RawSocket.open(someone, path);
        writer.send(frames.update(update));
        await expect.poll(async () => getText(await readOverHttp(someone, path))).toBe('kept');
      },
    ],
  ];

  it.each(promises)('%s is stored when the object crashes at that moment', async (_, promise) => {
    const someone = await createRoomUser();
    await promise(someone, Y.encodeStateAsUpdate(createDocWithText('kept')));
    await cutPower(someone);
    expect(getText(await readOverHttp(someone, path))).toBe('kept');
  });

  it('an update that a crash interrupts was shown to no client', async () => {
    const someone = await createRoomUser();
    const [writer, reader] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    await writer.waitUntilHandled();
    await reader.waitUntilHandled();
    const update = frames.update(Y.encodeStateAsUpdate(createDocWithText('cut off')));
    const cut = runInDurableObject(getRoomStub(type, someone.userId, 'r'), (instance, state) => {
      const [socket] = state.getWebSockets();
      if (socket === undefined) throw new Error('no socket');
      instance.webSocketMessage(socket, update.slice().buffer);
      state.abort('power cut');
    });
    await expect(cut).rejects.toThrow('power cut');
    const seen = [...writer.received, ...reader.received].some(
      (frame) => frame instanceof Uint8Array && read(frame).type === 'update',
    );
    expect([seen, getText(await readOverHttp(someone, path))]).toEqual([false, '']);
  });
});

describe.each(TYPES)('the log of a %s stores bytes:', (type) => {
  const path = `/${type}s/r`;

  it('single updates are stored and relayed byte for byte, in order of arrival', async () => {
    const someone = await createRoomUser();
    const [writer, reader] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    const doc = createDocWithText('one');
    const updates = [Y.encodeStateAsUpdate(doc)];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (const word of [' two', ' three', ' four']) doc.getText('text').insert(0, word);
    doc.getText('text').delete(0, 3);
    // In an order in which most lack their dependencies, and one twice.
    const sent = [...updates.toReversed(), ...updates.slice(0, 1)];
    await writer.sendInTurn(sent);
    expect(await readLog(type, someone)).toEqual(sent.map(toHex));
    const relayed = await Promise.all(sent.map(() => reader.next()));
    expect(relayed.map(toHex)).toEqual(sent.map((update) => toHex(frames.update(update))));
  });

  it('a room that wakes up stores and relays its first messages without reading the document', async () => {
    const someone = await createRoomUser();
    const stub = getRoomStub(type, someone.userId, 'r');
    const [writer, reader] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    writer.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('before'))));
    await writer.waitUntilHandled();
    await reader.waitUntilHandled();
    // Reading this throws.
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec(`UPDATE update_log SET bytes = x'FFFFFF'`);
    });
    await evictDurableObject(stub);
    const sent = ['first', 'second'].map((word) => Y.encodeStateAsUpdate(createDocWithText(word)));
    const answers = await writer.sendInTurn(sent);
    writer.send(frames.awareness(1, 1, 'here'));
    expect([...answers, ...(await writer.waitUntilHandled())].map(read)).toEqual([
      { type: 'awareness', clients: {} },
    ]);
    const relayed = (await reader.waitUntilHandled()).map(read);
    expect(relayed.map(({ update, clients }) => (update === undefined ? clients : toHex(update)))).toEqual([
      ...sent.map(toHex),
      { 1: 'here' },
    ]);
    expect((await readLog(type, someone)).slice(1)).toEqual(sent.map(toHex));
  });

  it('no edit, wake-up, join, call or compaction builds a Y.Doc', async () => {
    const someone = await createRoomUser();
    const stub = getRoomStub(type, someone.userId, 'r');
    const doc = createDocWithText('x'.repeat(1_000));
    const whole = Y.encodeStateAsUpdate(doc);
    doc.getText('text').delete(0, 100);
    const deletion = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(doc));
    const body = encodeSyncBody(Y.encodeStateVector(doc), Y.encodeStateAsUpdate(doc));
    const small = Array.from({ length: COMPACT_QUIET_AFTER_UPDATES }, (_, index) =>
      Y.encodeStateAsUpdate(createDocWithText(String(index))),
    );

    // The constructor of every `Y.Doc` calls `on` (Yjs 13.6, src/utils/Doc.js).
    const built = vi.spyOn(Y.Doc.prototype, 'on');
    const [writer, reader] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    writer.send(frames.update(whole));
    await writer.waitUntilHandled();
    await evictDurableObject(stub);
    await writer.sendInTurn(small);
    reader.send(frames.step1(NOTHING));
    reader.send(frames.step2(deletion));
    await reader.waitUntilHandled();
    await writer.waitUntilHandled();
    await someone.request(path, { method: 'POST', body });
    await someone.request(path);
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec('UPDATE update_log SET at = at - ?', QUIET_AFTER_MS);
    });
    await runDurableObjectAlarm(stub);
    expect(await readLog(type, someone)).toHaveLength(1);
    expect(built).not.toHaveBeenCalled();
    built.mockRestore();
  });
});

describe.each(TYPES)('any size, in a %s:', (type) => {
  it('an update of 12 MB and a document of 36 MB are stored, compacted, reopened, joined and read over HTTP', async () => {
    const path = `/${type}s/r`;
    const someone = await createRoomUser();
    const stub = getRoomStub(type, someone.userId, 'r');
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    doc.getText('text').insert(0, `a${'b'.repeat(12_000_000)}c`);
    for (let part = 0; part < COMPACT_QUIET_AFTER_UPDATES; part++) {
      doc.getText('text').insert(doc.getText('text').length, String(part % 10).repeat(750_000));
    }
    const writer = await RawSocket.open(someone, path);
    for (const update of updates) writer.send(frames.update(update));
    await writer.waitUntilHandled();
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec('UPDATE update_log SET at = at - ?', QUIET_AFTER_MS);
    });
    await runDurableObjectAlarm(stub);
    // Each segment fits into one cell, which bounds memory.
    expect((await readLog(type, someone)).length).toBeLessThan(0.6 * updates.length);

    await evictDurableObject(stub, { webSockets: 'close' });
    // Compared as booleans, so that a failure does not print megabytes.
    expect(getText(await readOverHttp(someone, path)) === getText(doc)).toBe(true);
    expect(getText(await join(await RawSocket.open(someone, path))) === getText(doc)).toBe(true);
    const synced = new Y.Doc();
    await syncOverHttp(someone, path, synced);
    expect(getText(synced) === getText(doc)).toBe(true);
  });
});

describe.each(TYPES)('every call on a %s returns the size:', (type) => {
  it('creation, sync(body), getDoc() and its 304', async () => {
    const someone = await createRoomUser();
    const stub = getRoomStub(type, someone.userId, 'r');
    const size = () => runInDurableObject(stub, (_, { storage }) => storage.sql.databaseSize);
    const answers = [
      await stub.create(false, true),
      await stub.sync(NOTHING, Y.encodeStateAsUpdate(createDocWithText('x'.repeat(100_000))), []),
      await stub.getDoc([]),
      await stub.getDoc(['*']),
    ];
    const sizes = answers.map((answer) => ('storageBytes' in answer ? answer.storageBytes : null));
    const [empty] = sizes;
    const full = await size();
    expect(sizes).toEqual([empty, full, full, full]);
    expect(empty).toBeLessThan(100_000);
    expect(full).toBeGreaterThan(100_000);
    // Each call measures again; the registry keeps the latest.
    const times = answers.map((answer) => ('measuredAt' in answer ? answer.measuredAt : 0));
    expect(times).toEqual([...new Set(times)].toSorted((one, other) => one - other));
  });
});
