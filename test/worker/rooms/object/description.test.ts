import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import type { Description, LiveRoom } from '../../../../src/rooms/contract/description.ts';
import { MAX_LISTED_PEOPLE, MAX_PERSON_NAME_CHARACTERS } from '../../../../src/rooms/limits/room-limits.ts';
import { MAX_RANGES_PER_UPDATE } from '../../../../src/yjs/limits.ts';
import { createDeletions } from '../../support/many-clients.ts';
import { RawSocket, frames, join, read, readWithoutKeepAlives } from '../../support/raw-socket.ts';
import {
  type RoomUser,
  createDocWithText,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
  syncOverHttp,
} from '../../support/room-app.ts';

afterEach(() => vi.restoreAllMocks());

/** Converts the RPC result to plain data: the RPC types wrap nested values. */
async function describeRoom(stub: ReturnType<typeof getRoomStub>): Promise<Description> {
  const description: Description = JSON.parse(JSON.stringify(await stub.describe()));
  return description;
}

/** Describes a room and checks the sizes against SQLite. */
async function describeLive(
  someone: RoomUser,
  type: 'workspace' | 'document' = 'document',
): Promise<LiveRoom> {
  const stub = getRoomStub(type, someone.userId, 'r');
  const description = await describeRoom(stub);
  if (description.kind !== 'live') throw new Error(description.kind);
  const { bytes, storageBytes } = description;
  expect(storageBytes).toBe(await runInDurableObject(stub, (_, { storage }) => storage.sql.databaseSize));
  expect(Object.values(bytes).reduce((sum, part) => sum + part)).toBe(storageBytes);
  for (const part of Object.values(bytes)) expect(part).toBeGreaterThanOrEqual(0);
  return description;
}

async function post(someone: RoomUser, update: Uint8Array, path = '/documents/r'): Promise<void> {
  const response = await someone.request(path, {
    method: 'POST',
    body: encodeSyncBody(Y.encodeStateVector(new Y.Doc()), update),
  });
  expect(response.status).toBe(200);
  await response.body?.cancel();
}

/** The updates of a client that types these strings. */
function typePieces(pieces: readonly string[], doc = new Y.Doc()): Uint8Array[] {
  const updates: Uint8Array[] = [];
  const note = (update: Uint8Array) => updates.push(update);
  doc.on('update', note);
  for (const piece of pieces) doc.getText('text').insert(doc.getText('text').length, piece);
  doc.off('update', note);
  return updates;
}

/** The rest of 50,000 characters after 40,000 were deleted. */
async function readDeletedAfterCompaction(type: 'workspace' | 'document'): Promise<number> {
  const someone = await createRoomUser();
  const doc = new Y.Doc({ gc: false });
  await post(someone, typePieces(['x'.repeat(50_000)], doc)[0] ?? new Uint8Array(), `/${type}s/r`);
  doc.getText('text').delete(0, 40_000);
  await syncOverHttp(someone, `/${type}s/r`, doc);
  const stub = getRoomStub(type, someone.userId, 'r');
  expect(await stub.compact()).toMatchObject({ kind: 'reached' });
  return (await describeLive(someone, type)).bytes.deleted;
}

/** Ignores the overhead around the content. */
const isNear = (bytes: number, content: number): boolean => bytes >= content && bytes < content + 100;

describe('the description of a room', () => {
  it('says that an absent room is absent, and does not create it', async () => {
    const { userId } = await createRoomUser();
    const stub = getRoomStub('document', userId, 'r');
    expect(await describeRoom(stub)).toEqual({ kind: 'absent' });
    expect(await runInDurableObject(stub, (_, { storage }) => storage.sql.databaseSize)).toBeLessThan(8_192);
  });

  it('does not count as a use and writes nothing', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, '/documents/r', createDocWithText('hello'));
    await someone.settle();
    const stub = getRoomStub('document', someone.userId, 'r');
    const alarm = () => runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
    const before = await alarm();
    const first = await describeLive(someone);
    const second = await describeLive(someone);
    expect({ ...second, measuredAt: 0 }).toEqual({ ...first, measuredAt: 0 });
    expect(second.measuredAt).toBeGreaterThan(first.measuredAt);
    expect(await alarm()).toBe(before);
  });

  it.each(['document', 'workspace'] as const)('has only overhead for a new %s', async (type) => {
    const someone = await createRoomUser();
    await someone.request(`/${type}s/r`, { method: 'PUT' });
    const { bytes, updates, versions, lastCompaction } = await describeLive(someone, type);
    expect(bytes).toMatchObject({ content: 0, deleted: 0, versions: 0, log: 0 });
    expect({ updates, lastCompaction }).toEqual({ updates: 0, lastCompaction: null });
    expect(versions).toEqual(type === 'document' ? [] : null);
  });

  it('counts all updates after the first as log until the compaction', async () => {
    const someone = await createRoomUser();
    const updates = typePieces(['Milk. ', 'Bread. ', 'Eggs. ']);
    for (const update of updates) await post(someone, update);
    const [first = 0, ...rest] = updates.map(({ byteLength }) => byteLength);
    const before = await describeLive(someone);
    expect(before.bytes).toMatchObject({ content: first, log: rest.reduce((sum, bytes) => sum + bytes) });
    expect(before.updates).toBe(3);

    // Later updates are log, even if their content is deleted.
    const doc = new Y.Doc({ gc: false });
    for (const update of updates) Y.applyUpdate(doc, update);
    doc.getText('text').insert(0, 'x'.repeat(1_000));
    doc.getText('text').delete(0, 1_000);
    await syncOverHttp(someone, '/documents/r', doc);
    const { bytes, storageBytes } = await describeLive(someone);
    expect(bytes).toMatchObject({ content: first, deleted: 0 });
    expect(bytes.log).toBeGreaterThan(before.bytes.log + 1_000);

    const compacted = await getRoomStub('document', someone.userId, 'r').compact();
    expect(compacted).toMatchObject({ outcome: 'compacted' });
    const after = await describeLive(someone);
    expect(after.bytes.log).toBe(0);
    expect(after.bytes.content).toBeLessThan(first + before.bytes.log);
    expect(isNear(after.bytes.deleted, 1_000)).toBe(true);
    expect(after.updates).toBe(1);
    expect(after.lastCompaction).toMatchObject({ bytesBefore: storageBytes });
  });

  it('distinguishes visible and deleted content, also in a log of many cells and after an eviction', async () => {
    const someone = await createRoomUser();
    const doc = new Y.Doc({ gc: false });
    // One struct range of 3 MB in two cells, partly deleted.
    await post(
      someone,
      typePieces(['a'.repeat(1_000_000), 'b'.repeat(2_000_000)], doc)[0] ?? new Uint8Array(),
    );
    await syncOverHttp(someone, '/documents/r', doc);
    doc.getText('text').delete(0, 750_000);
    await syncOverHttp(someone, '/documents/r', doc);
    const before = (await describeLive(someone)).bytes;
    expect(isNear(before.deleted, 750_000)).toBe(true);
    await evictDurableObject(getRoomStub('document', someone.userId, 'r'));
    const { bytes } = await describeLive(someone);
    expect(bytes).toEqual(before);
    expect(bytes.log).toBeGreaterThan(2_000_000);
    // New updates count at once.
    doc.getText('text').delete(0, 150_000);
    await syncOverHttp(someone, '/documents/r', doc);
    expect(isNear((await describeLive(someone)).bytes.deleted, 900_000)).toBe(true);
  });

  it('counts an overwritten value as deleted by its own size', async () => {
    const someone = await createRoomUser();
    const doc = new Y.Doc({ gc: false });
    doc.getMap('map').set('key', 'x'.repeat(10_000));
    doc.getMap('map').set('key', 'small');
    await syncOverHttp(someone, '/documents/r', doc);
    const { deleted, content } = (await describeLive(someone)).bytes;
    expect(deleted).toBeGreaterThan(10_000);
    expect(deleted).toBeLessThan(10_050);
    expect(content).toBeLessThan(100);
  });

  it('shows that compaction drops deleted content of a workspace and keeps that of a document', async () => {
    expect(isNear(await readDeletedAfterCompaction('document'), 40_000)).toBe(true);
    expect(isNear(await readDeletedAfterCompaction('workspace'), 0)).toBe(true);
  });

  it('lists the versions and their bytes', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, '/documents/r', createDocWithText('hello'));
    const label = 'é'.repeat(100);
    await someone.request('/documents/r/snapshots', { method: 'POST', body: JSON.stringify({ label }) });
    const { versions, bytes } = await describeLive(someone);
    expect(versions).toMatchObject([{ label, automatic: false }]);
    expect(bytes.versions).toBeGreaterThan(200);
    expect(bytes.versions).toBeLessThan(300);
  });

  it('has the time of deletion and the remaining bytes of a deleted room', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, '/documents/r', createDocWithText('hello'));
    await someone.request('/documents/r', { method: 'DELETE' });
    const stub = getRoomStub('document', someone.userId, 'r');
    const description = await describeRoom(stub);
    expect(description).toMatchObject({
      kind: 'deleted',
      storageBytes: await runInDurableObject(stub, (_, { storage }) => storage.sql.databaseSize),
    });
    if (description.kind !== 'deleted') throw new Error(description.kind);
    expect(Date.now() - description.deletedAt).toBeLessThan(60_000);
  });
});

describe('connected people', () => {
  it('are listed from awareness, without invalid names and colors', async () => {
    const someone = await createRoomUser();
    const socket = await RawSocket.open(someone, '/documents/r');
    const states: unknown[] = [
      { user: { name: 'Ada', color: '#aabbcc' } },
      { user: { name: '<b>', color: 'red;}' } },
      { user: { name: { toString: 'x' }, color: 7 } },
      { user: null },
      {},
      7,
      { user: { name: '   ' } },
      { user: { name: '🙂'.repeat(MAX_PERSON_NAME_CHARACTERS + 1) } },
    ];
    for (const [index, state] of states.entries()) socket.send(frames.awareness(index + 1, 1, state));
    await socket.waitUntilHandled();
    const { connected } = await describeLive(someone);
    expect(connected).toEqual({
      sockets: 1,
      watching: 0,
      people: [
        { name: 'Ada', color: '#aabbcc' },
        { name: '<b>', color: null },
        ...Array.from({ length: 5 }, () => ({ name: null, color: null })),
        { name: `${'🙂'.repeat(MAX_PERSON_NAME_CHARACTERS)}…`, color: null },
      ],
    });
    for (let client = 10; client < 66; client++) socket.send(frames.awareness(client, 1, {}));
    await socket.waitUntilHandled();
    expect((await describeLive(someone)).connected.people.length).toBe(MAX_LISTED_PEOPLE);
  });
});

describe('an observer', () => {
  const WATCH = '/documents/r?watch=true';

  it('is sent all content and every edit, and is counted separately, also after hibernation', async () => {
    const someone = await createRoomUser();
    const doc = createDocWithText('hello');
    await syncOverHttp(someone, '/documents/r', doc);
    const socket = await RawSocket.open(someone, WATCH);
    const copy = await join(socket);
    expect(copy.getText('text').toJSON()).toBe('hello');
    // The room sends it no step 1.
    expect(
      socket.received.map((frame) => (typeof frame === 'string' ? frame : read(frame).type)),
    ).not.toContain('step1');
    await evictDurableObject(getRoomStub('document', someone.userId, 'r'), { webSockets: 'hibernate' });
    expect((await describeLive(someone)).connected).toMatchObject({ sockets: 0, watching: 1 });
    doc.getText('text').insert(5, ' world');
    await syncOverHttp(someone, '/documents/r', doc);
    const { update } = read(await socket.next());
    Y.applyUpdate(copy, update ?? new Uint8Array());
    expect(copy.getText('text').toJSON()).toBe('hello world');
  });

  it('has no awareness, and its edits are ignored while it keeps reading', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, '/documents/r', createDocWithText('hello'));
    const socket = await RawSocket.open(someone, WATCH);
    socket.send(frames.awareness(7, 1, { user: { name: 'Ghost' } }));
    await socket.waitUntilHandled();
    expect((await describeLive(someone)).connected.people).toEqual([]);
    const [writer, edit] = [
      await RawSocket.open(someone, '/documents/r'),
      Y.encodeStateAsUpdate(createDocWithText('no')),
    ];
    socket.send(frames.update(edit));
    socket.send(frames.step2(edit));
    socket.send(frames.update(createDeletions(MAX_RANGES_PER_UPDATE + 1)));
    await socket.waitUntilHandled();
    expect(readWithoutKeepAlives(await writer.waitUntilHandled())).toEqual([]);
    expect((await describeLive(someone)).updates).toBe(1);
    const later = frames.update(Y.encodeStateAsUpdate(createDocWithText('yes')));
    writer.send(later);
    await writer.waitUntilHandled();
    expect(readWithoutKeepAlives(await socket.waitUntilHandled()).at(-1)).toEqual(read(later));
  });

  it.each(['false', '1', '', 'True', 'true&watch=false'])(
    'is refused for "watch=%s", and no room is created',
    async (value) => {
      const someone = await createRoomUser();
      const { closed } = await RawSocket.open(someone, `/documents/new?watch=${value}`);
      expect(await closed).toEqual({ code: 4400, reason: expect.stringContaining('"watch"') });
      expect((await someone.request('/documents/new')).status).toBe(404);
    },
  );
});

const compact = (who: RoomUser, method = 'POST') => who.request('/documents/r/compaction', { method });

describe('a requested compaction', () => {
  it('gains nothing without new updates or with a single update', async () => {
    const someone = await createRoomUser();
    const [one, two] = typePieces(['one ', 'two ']);
    const stub = getRoomStub('document', someone.userId, 'r');
    await post(someone, one ?? new Uint8Array());
    expect(await stub.compact()).toMatchObject({ outcome: 'nothing to gain' });
    await post(someone, two ?? new Uint8Array());
    expect(await stub.compact()).toMatchObject({ outcome: 'compacted' });
    const { lastCompaction } = await describeLive(someone);
    expect(await stub.compact()).toMatchObject({ outcome: 'nothing to gain' });
    expect((await describeLive(someone)).lastCompaction).toEqual(lastCompaction);
  });

  it('is refused while a client is being sent the content', async () => {
    const someone = await createRoomUser();
    const updates = typePieces(['x'.repeat(1_500_000), 'y'.repeat(1_000_000)]);
    for (const update of updates) await post(someone, update);
    const stub = getRoomStub('document', someone.userId, 'r');
    const reading = await someone.request('/documents/r');
    const reader = reading.body?.getReader();
    await reader?.read();
    expect(await stub.compact()).toMatchObject({ outcome: 'being read' });
    await reader?.cancel();
    expect(await stub.compact()).toMatchObject({ kind: 'reached' });
  });

  it('returns its gain over the API, to the owner only', async () => {
    const someone = await createRoomUser();
    for (const update of typePieces(['one ', 'two '])) await post(someone, update);
    const { storageBytes } = await describeLive(someone);
    expect(await (await compact(someone)).json()).toMatchObject({
      compacted: true,
      storageBytesBefore: storageBytes,
    });
    expect(await (await compact(someone)).json()).toMatchObject({ compacted: false });
    expect((await compact(await createRoomUser())).status).toBe(404);
    expect((await compact(someone, 'GET')).status).toBe(405);
  });

  it('is reported to the registry within two seconds', async () => {
    const someone = await createRoomUser();
    for (const update of typePieces(Array.from({ length: 200 }, (_, index) => `${index} `.repeat(20)))) {
      await post(someone, update);
    }
    await someone.settle();
    const stub = getRoomStub('document', someone.userId, 'r');
    // The room has reported, so that later edits may wait.
    await runDurableObjectAlarm(stub);
    const before = Date.now();
    expect(await (await compact(someone)).json()).toMatchObject({ compacted: true });
    await someone.settle();
    const { storageBytes } = await describeLive(someone);
    const recorded = () =>
      env.DB.prepare('SELECT storage_bytes AS bytes FROM durable_object_instance WHERE user_id = ?')
        .bind(someone.userId)
        .first<number>('bytes');
    if ((await recorded()) !== storageBytes) {
      const at = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
      expect(at).toBeLessThanOrEqual(before + 2_000);
      await runDurableObjectAlarm(stub);
    }
    expect(await recorded()).toBe(storageBytes);
  });

  it('that gains nothing leaves no uncompacted updates', async () => {
    const someone = await createRoomUser();
    for (const update of typePieces(['one'])) await post(someone, update);
    // Larger than a segment, so it is not merged.
    for (const update of typePieces(['y'.repeat(2_000_000)])) await post(someone, update);
    expect((await describeLive(someone)).bytes.log).toBeGreaterThan(2_000_000);
    const stub = getRoomStub('document', someone.userId, 'r');
    expect(await stub.compact()).toMatchObject({ outcome: 'nothing to gain' });
    const { bytes, lastCompaction } = await describeLive(someone);
    expect(bytes.log).toBe(0);
    expect(bytes.content).toBeGreaterThan(2_000_000);
    expect(lastCompaction).toBeNull();
  });

  it('does not create a room', async () => {
    const { userId } = await createRoomUser();
    expect(await getRoomStub('document', userId, 'r').compact()).toEqual({ kind: 'absent' });
  });
});
