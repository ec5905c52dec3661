import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import type { LiveRoom } from '../../../../src/rooms/contract/description.ts';
import { MAX_CELL_BYTES } from '../../../../src/rooms/limits/storage-limits.ts';
import { RawSocket, frames, join } from '../../support/raw-socket.ts';
import {
  type RoomUser,
  createDocWithText,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
  syncOverHttp,
} from '../../support/room-app.ts';

const NOTHING = new Uint8Array();

/** The rooms' log records during a test. */
let logged: unknown[] = [];

beforeEach(() => {
  logged = [];
  vi.spyOn(console, 'error').mockImplementation((record: unknown) => {
    logged.push(record);
  });
});

afterEach(() => vi.restoreAllMocks());

/** Changes a room's storage directly, then restarts the room. */
async function changeStorage(
  someone: RoomUser,
  change: (storage: DurableObjectStorage) => void,
  type: 'workspace' | 'document' = 'document',
): Promise<void> {
  const stub = getRoomStub(type, someone.userId, 'r');
  await runInDurableObject(stub, (_, { storage }) => change(storage));
  await evictDurableObject(stub);
}

const post = (someone: RoomUser, update: Uint8Array, type = 'document') =>
  someone.request(`/${type}s/r`, { method: 'POST', body: encodeSyncBody(NOTHING, update) });

/** Creates a room with some texts, each in an update and a map key of its own. */
async function createRoomWith(texts: readonly string[], type = 'document'): Promise<RoomUser> {
  const someone = await createRoomUser();
  for (const [index, text] of texts.entries()) {
    const doc = new Y.Doc();
    doc.getMap('map').set(String(index), text);
    const response = await post(someone, Y.encodeStateAsUpdate(doc), type);
    expect(response.status).toBe(200);
    await response.body?.cancel();
  }
  return someone;
}

async function readMap(someone: RoomUser, type = 'document'): Promise<Record<string, unknown>> {
  const response = await someone.request(`/${type}s/r`);
  expect(response.status).toBe(200);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  return doc.getMap('map').toJSON();
}

async function describeLive(
  someone: RoomUser,
  type: 'workspace' | 'document' = 'document',
): Promise<LiveRoom> {
  const description = await getRoomStub(type, someone.userId, 'r').describe();
  if (description.kind !== 'live') throw new Error(description.kind);
  return structuredClone(description) as LiveRoom;
}

const readRowIds = (someone: RoomUser, type: 'workspace' | 'document' = 'document') =>
  runInDurableObject(getRoomStub(type, someone.userId, 'r'), (_, { storage }) =>
    storage.sql.exec<{ id: number }>('SELECT id FROM update_log ORDER BY id').toArray(),
  );

const GARBAGE = new Uint8Array([1, 2, 3, 4, 5, 250, 251]);

const createLongText = (letter: string): string => letter.repeat(2.5 * MAX_CELL_BYTES);

describe.each(['workspace', 'document'] as const)('in a damaged %s,', (type) => {
  const damages: [string, (storage: DurableObjectStorage) => void][] = [
    ['garbage in a row', ({ sql }) => sql.exec('UPDATE update_log SET bytes = ? WHERE id = 4', GARBAGE)],
    ['an empty row', ({ sql }) => sql.exec('UPDATE update_log SET bytes = ? WHERE id = 4', NOTHING)],
    ['a missing first row', ({ sql }) => sql.exec('DELETE FROM update_log WHERE id = 2')],
    ['a missing middle row', ({ sql }) => sql.exec('DELETE FROM update_log WHERE id = 3')],
    ['a missing last row', ({ sql }) => sql.exec('DELETE FROM update_log WHERE id = 4')],
    [
      'a row that is wrongly marked as the last',
      ({ sql }) => sql.exec('UPDATE update_log SET last = 1 WHERE id = 2'),
    ],
    [
      'a last row that is marked as continued',
      ({ sql }) => sql.exec('UPDATE update_log SET last = 0 WHERE id = 4'),
    ],
  ];

  it.each(damages)('%s leaves other updates readable and new ones are stored', async (what, change) => {
    const someone = await createRoomWith(['one', createLongText('x'), 'three'], type);
    await changeStorage(someone, change, type);
    const rest = await readMap(someone, type);
    expect(rest).toMatchObject({ 0: 'one', 2: 'three' });

    const socket = await RawSocket.open(someone, `/${type}s/r`);
    const joined = await join(socket);
    expect(joined.getMap('map').get('2')).toBe('three');
    const later = new Y.Doc();
    later.getMap('map').set('later', 'four');
    await socket.sendInTurn([Y.encodeStateAsUpdate(later)]);
    const { damage: found } = await describeLive(someone, type);
    const isRepaired = what === 'a last row that is marked as continued';
    expect(found === null).toBe(isRepaired);
    await evictDurableObject(getRoomStub(type, someone.userId, 'r'));
    expect(await readMap(someone, type)).toMatchObject({ 0: 'one', 2: 'three', later: 'four' });
  });

  it('a new update does not continue an update that has lost its end', async () => {
    const someone = await createRoomWith(['one', createLongText('x')], type);
    await changeStorage(someone, ({ sql }) => sql.exec('DELETE FROM update_log WHERE id = 4'), type);
    const doc = new Y.Doc();
    doc.getMap('map').set('later', 'two');
    expect((await post(someone, Y.encodeStateAsUpdate(doc), type)).status).toBe(200);
    await evictDurableObject(getRoomStub(type, someone.userId, 'r'));
    expect(await readMap(someone, type)).toEqual({ 0: 'one', later: 'two' });
  });

  it('a client that has the damaged content restores it', async () => {
    const someone = await createRoomUser();
    const doc = createDocWithText('kept by a client');
    await syncOverHttp(someone, `/${type}s/r`, doc);
    await changeStorage(someone, ({ sql }) => sql.exec('UPDATE update_log SET bytes = ?', GARBAGE), type);
    await syncOverHttp(someone, `/${type}s/r`, doc);
    const other = new Y.Doc();
    await syncOverHttp(someone, `/${type}s/r`, other);
    expect(other.getText('text').toJSON()).toBe('kept by a client');
  });

  it('an unreadable update survives the compaction of the rest, and is logged once without content', async () => {
    const someone = await createRoomWith(['one', 'two', 'secret', 'four', 'five'], type);
    await changeStorage(
      someone,
      ({ sql }) => sql.exec('UPDATE update_log SET bytes = ? WHERE id = 3', GARBAGE),
      type,
    );
    const stub = getRoomStub(type, someone.userId, 'r');
    expect(await stub.compact()).toMatchObject({ kind: 'reached', outcome: 'compacted' });
    expect((await readRowIds(someone, type)).map(({ id }) => id)).toEqual([2, 3, 5]);
    expect(await stub.compact()).toMatchObject({ kind: 'reached', outcome: 'nothing to gain' });
    expect(await readMap(someone, type)).toEqual({ 0: 'one', 1: 'two', 3: 'four', 4: 'five' });
    expect((await describeLive(someone, type)).damage).toEqual({
      updates: 1,
      bytes: GARBAGE.length,
      records: [],
    });
    expect(logged).toEqual([
      expect.objectContaining({ event: 'stored_update_unreadable', row: 3, bytes: GARBAGE.length }),
    ]);
  });

  const records: [string, (storage: DurableObjectStorage) => void][] = [
    ...[
      'compacted',
      'former clients',
      'departed',
      'last compaction',
      'newest snapshot',
      'snapshot begun',
      'untold use',
      'too large messages',
    ].flatMap((key): [string, (storage: DurableObjectStorage) => void][] =>
      (
        [
          ['a text', 'wrong'],
          ['an object', { createdAt: 'x' }],
          ['null', null],
          ['a list', [[1, 'x']]],
        ] as const
      ).map(([kind, value]) => [`${kind} as "${key}"`, ({ kv }) => kv.put(key, value)]),
    ),
    ['a text as the room’s record', ({ kv }) => kv.put('room', 'wrong')],
    ['a missing record of the room', ({ kv }) => void kv.delete('room')],
    ['a record without a time', ({ kv }) => kv.put('room', { createdAt: 'x', deletedAt: null })],
  ];

  it.each(records)('%s leaves the room live and deletable', async (_, change) => {
    const someone = await createRoomWith(['one', 'two'], type);
    await changeStorage(someone, change, type);
    const socket = await RawSocket.open(someone, `/${type}s/r`);
    expect((await join(socket)).getMap('map').toJSON()).toEqual({ 0: 'one', 1: 'two' });
    await describeLive(someone, type);
    await getRoomStub(type, someone.userId, 'r').compact();
    await runDurableObjectAlarm(getRoomStub(type, someone.userId, 'r'));
    expect(await readMap(someone, type)).toEqual({ 0: 'one', 1: 'two' });
    expect((await someone.request(`/${type}s/r`, { method: 'DELETE' })).status).toBe(204);
    expect((await someone.request(`/${type}s/r`)).status).toBe(410);
    expect((await socket.closed).code).toBe(4410);
  });

  it('a room without its table of updates is empty, reports the damage, and stores new updates', async () => {
    const someone = await createRoomWith(['one'], type);
    await changeStorage(someone, ({ sql }) => sql.exec('DROP TABLE update_log'), type);
    expect(await readMap(someone, type)).toEqual({});
    expect((await describeLive(someone, type)).damage).toMatchObject({ records: ['update_log'] });
    const doc = new Y.Doc();
    doc.getMap('map').set('0', 'again');
    expect((await post(someone, Y.encodeStateAsUpdate(doc), type)).status).toBe(200);
    expect(await readMap(someone, type)).toEqual({ 0: 'again' });
  });

  it('a deleted room with an unreadable record is absent, so that clients keep their copies', async () => {
    const someone = await createRoomWith(['one'], type);
    expect((await someone.request(`/${type}s/r`, { method: 'DELETE' })).status).toBe(204);
    await changeStorage(someone, ({ kv }) => kv.put('room', 'wrong'), type);
    expect((await someone.request(`/${type}s/r`)).status).toBe(404);
    expect((await someone.request(`/${type}s/r`, { method: 'PUT' })).status).toBe(201);
    expect(await readMap(someone, type)).toEqual({});
  });

  it('a damaged room can be deleted and its account erased', async () => {
    for (const end of ['remove', 'erase'] as const) {
      const someone = await createRoomWith(['one', createLongText('x'), 'three'], type);
      await changeStorage(
        someone,
        ({ sql, kv }) => {
          sql.exec('UPDATE update_log SET bytes = ? WHERE id IN (1, 4)', GARBAGE);
          sql.exec('DELETE FROM update_log WHERE id = 3');
          kv.put('room', 'wrong');
        },
        type,
      );
      const stub = getRoomStub(type, someone.userId, 'r');
      expect(await stub[end]()).toMatchObject({ kind: 'removed' });
      expect(await stub.describe()).toMatchObject({
        kind: 'deleted',
        storageBytes: expect.toSatisfy((n: number) => n < 20_000),
      });
    }
  });
});

it('a room with an unreadable log acknowledges nothing: sockets close with 1013, HTTP answers 503', async () => {
  const someone = await createRoomWith(['one']);
  const stub = getRoomStub('document', someone.userId, 'r');
  const [reader, writer] = [
    await RawSocket.open(someone, '/documents/r'),
    await RawSocket.open(someone, '/documents/r'),
  ];
  await evictDurableObject(stub, { webSockets: 'hibernate' });
  await runInDurableObject(stub, (_, { storage }) => {
    const exec = storage.sql.exec.bind(storage.sql);
    Object.defineProperty(storage.sql, 'exec', {
      configurable: true,
      value: (query: string, ...bindings: unknown[]) => {
        if (query.includes('length(bytes) AS length')) throw new Error('out of order');
        return exec(query, ...bindings);
      },
    });
  });
  reader.send(frames.step1(Y.encodeStateVector(new Y.Doc())));
  expect((await reader.closed).code).toBe(1013);
  writer.send(new Uint8Array([100, 1]));
  expect((await writer.closed).code).toBe(1013);
  const response = await someone.request('/documents/r');
  expect(response.status).toBe(503);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect((await post(someone, Y.encodeStateAsUpdate(createDocWithText('x')))).status).toBe(503);
});

async function createVersions(): Promise<{ someone: RoomUser; ids: string[] }> {
  const someone = await createRoomUser();
  const doc = new Y.Doc({ gc: false });
  const ids: string[] = [];
  for (const text of ['a', 'b', 'c']) {
    doc.getText('text').insert(doc.getText('text').length, text);
    if (text === 'b') doc.getText('text').delete(0, 1);
    await syncOverHttp(someone, '/documents/r', doc);
    const made = await someone.request('/documents/r/snapshots', { method: 'POST' });
    ids.push((await made.json<{ id: string }>()).id);
  }
  return { someone, ids };
}

const damageVersion = (someone: RoomUser, id: string | undefined) =>
  changeStorage(someone, ({ sql }) =>
    sql.exec('UPDATE snapshot SET added = ? WHERE created_at = ?', GARBAGE, Number.parseInt(id ?? '', 36)),
  );

async function readTextOfVersion(someone: RoomUser, id: string | undefined): Promise<string | number> {
  const response = await someone.request(`/documents/r/snapshots/${id}`);
  if (response.status !== 200) return response.status;
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  return doc.getText('text').toJSON();
}

describe('versions of a damaged document:', () => {
  it('earlier and new versions are complete, and later ones are reported as unreadable', async () => {
    const { someone, ids } = await createVersions();
    await damageVersion(someone, ids[1]);
    expect(await Promise.all(ids.map((id) => readTextOfVersion(someone, id)))).toEqual(['a', 422, 422]);
    expect((await someone.request('/documents/r/snapshots')).status).toBe(200);
    expect(
      (await someone.request(`/documents/r/snapshots/${ids[1]}/restore`, { method: 'POST' })).status,
    ).toBe(422);
    const made = await someone.request('/documents/r/snapshots', { method: 'POST' });
    const { id } = await made.json<{ id: string }>();
    expect(await readTextOfVersion(someone, id)).toBe('bc');
    expect((await someone.request(`/documents/r/snapshots/${ids[1]}`, { method: 'DELETE' })).status).toBe(
      204,
    );
    expect(await readTextOfVersion(someone, ids[2]), 'unreadable without the previous one').toBe(422);
    expect(await readTextOfVersion(someone, id)).toBe('bc');
    expect((await someone.request(`/documents/r/snapshots/${ids[2]}`, { method: 'DELETE' })).status).toBe(
      204,
    );
    expect(await readTextOfVersion(someone, id)).toBe('bc');
    expect(await readTextOfVersion(someone, ids[0])).toBe('a');
  });

  it('a missing table of versions loses the versions, not the document', async () => {
    const { someone, ids } = await createVersions();
    await changeStorage(someone, ({ sql }) => sql.exec('DROP TABLE snapshot'));
    expect(await readTextOfVersion(someone, ids[0])).toBe(404);
    expect(await (await someone.request('/documents/r/snapshots')).json()).toEqual([]);
    expect((await someone.request('/documents/r/snapshots', { method: 'POST' })).status).toBe(201);
    expect((await someone.request('/documents/r', { method: 'DELETE' })).status).toBe(204);
  });
});
