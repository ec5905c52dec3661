import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { MAX_USER_VERSIONS } from '../../../../src/rooms/limits/room-limits.ts';
import { AUTOMATIC_VERSION_INTERVAL_MS } from '../../../../src/rooms/limits/storage-limits.ts';
import { RawSocket, frames, join, read } from '../../support/raw-socket.ts';
import {
  type RoomUser,
  runAlarmsUntilIdle,
  createDocWithText,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
  syncOverHttp,
} from '../../support/room-app.ts';
import { getVisibleContent, createDoc, edit } from '../../../yjs/random-edits.ts';

interface Version {
  id: string;
  label: string | null;
  createdAt: string;
}

const PATH = '/documents/d';
const VERSIONS = `${PATH}/snapshots`;

const listVersions = async (someone: RoomUser): Promise<Version[]> =>
  (await someone.request(VERSIONS)).json();

async function createVersion(someone: RoomUser, label: string | null = null): Promise<Version> {
  const response = await someone.request(VERSIONS, { method: 'POST', body: JSON.stringify({ label }) });
  expect(response.status).toBe(201);
  return response.json();
}

async function readVersion(someone: RoomUser, { id }: Version): Promise<Y.Doc> {
  const response = await someone.request(`${VERSIONS}/${id}`);
  expect(response.status).toBe(200);
  return createDoc(new Uint8Array(await response.arrayBuffer()));
}

const restoreVersion = (someone: RoomUser, { id }: Version) =>
  someone.request(`${VERSIONS}/${id}/restore`, { method: 'POST' });

async function readStored(someone: RoomUser): Promise<Y.Doc> {
  return createDoc(new Uint8Array(await (await someone.request(PATH)).arrayBuffer()));
}

/** Stores an edit over HTTP, as a client that sends only new structs. */
async function push(someone: RoomUser, doc: Y.Doc, change: () => void): Promise<void> {
  const before = Y.encodeStateVector(doc);
  let update = new Uint8Array();
  const remember = (made: Uint8Array) => {
    update = new Uint8Array(made);
  };
  doc.on('update', remember);
  doc.transact(change);
  doc.off('update', remember);
  const response = await someone.request(PATH, { method: 'POST', body: encodeSyncBody(before, update) });
  expect(response.status).toBeLessThan(300);
}

const runAlarm = (someone: RoomUser) => runDurableObjectAlarm(getRoomStub('document', someone.userId, 'd'));
const advanceTime = (ms: number) => vi.setSystemTime(Date.now() + ms);

const countUpdates = (someone: RoomUser): Promise<number> =>
  runInDurableObject(
    getRoomStub('document', someone.userId, 'd'),
    (_, { storage }) =>
      storage.sql.exec<{ rows: number }>('SELECT count(*) AS rows FROM update_log').one().rows,
  );

async function readSize(someone: RoomUser): Promise<number> {
  return runInDurableObject(
    getRoomStub('document', someone.userId, 'd'),
    (_, { storage }) => storage.sql.databaseSize,
  );
}

/** A document with all types of Yjs. */
function createRichDoc(): Y.Doc {
  const doc = new Y.Doc({ gc: false });
  doc.transact(() => {
    doc.getText('text').insert(0, 'plain ');
    doc.getText('text').insert(6, 'bold', { bold: true });
    const inner = new Y.Map<unknown>();
    doc.getMap('map').set('inner', inner);
    inner.set('deep', Y.Array.from([1, 'two', null]));
    inner.set('text', new Y.Text('deep text'));
    doc.getArray('list').push([new Y.Map([['k', 'v']]), 7]);
    const p = new Y.XmlElement('p');
    p.setAttribute('class', 'x');
    p.insert(0, [new Y.XmlText('paragraph')]);
    doc.getXmlFragment('xml').insert(0, [p]);
  });
  return doc;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the versions of a document', () => {
  it('can be created with or without a label, listed newest first, read and deleted', async () => {
    const someone = await createRoomUser();
    const doc = createDocWithText('one');
    await syncOverHttp(someone, PATH, doc);
    expect(await listVersions(someone)).toEqual([]);
    const first = await createVersion(someone, 'First draft');
    expect(first).toEqual({
      id: expect.stringMatching(/^[0-9a-z]+$/),
      label: 'First draft',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    await push(someone, doc, () => doc.getText('text').delete(0, 2));
    const second = await createVersion(someone);
    expect(await listVersions(someone)).toEqual([second, first]);

    expect((await readVersion(someone, first)).getText('text').toJSON()).toBe('one');
    expect((await readVersion(someone, second)).getText('text').toJSON()).toBe('e');

    expect((await someone.request(`${VERSIONS}/${first.id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await listVersions(someone)).toEqual([second]);
    expect((await readVersion(someone, second)).getText('text').toJSON()).toBe('e');
    expect((await someone.request(`${VERSIONS}/${first.id}`)).status).toBe(404);
  });

  it('are restored with formatting, maps, arrays, nested types and XML, repeatedly', async () => {
    const someone = await createRoomUser();
    const doc = createRichDoc();
    await syncOverHttp(someone, PATH, doc);
    const before = getVisibleContent(doc);
    const version = await createVersion(someone, 'rich');
    for (let step = 0; step < 60; step++) {
      await push(someone, doc, () => edit(doc, [step * 7, step * 13, step * 5]));
    }
    await push(someone, doc, () => doc.getMap('map').delete('inner'));
    const after = getVisibleContent(doc);
    expect(after).not.toEqual(before);

    expect((await restoreVersion(someone, version)).status).toBe(204);
    expect(getVisibleContent(await readStored(someone))).toEqual(before);
    // The state before the restore is kept as a version.
    const [undo] = await listVersions(someone);
    expect(undo).not.toEqual(version);
    if (undo !== undefined) await restoreVersion(someone, undo);
    expect(getVisibleContent(await readStored(someone))).toEqual(after);
    await restoreVersion(someone, version);
    expect(getVisibleContent(await readStored(someone))).toEqual(before);
  });

  it('reach every connected client as an edit when restored, and concurrent edits are kept', async () => {
    const someone = await createRoomUser();
    const doc = createDocWithText('first');
    await syncOverHttp(someone, PATH, doc);
    const version = await createVersion(someone);
    await push(someone, doc, () => doc.getText('text').insert(5, ' and second'));

    const sockets = [await RawSocket.open(someone, PATH), await RawSocket.open(someone, PATH)];
    const docs = await Promise.all(sockets.map((socket) => join(socket)));
    // This client's update is on its way while the version is restored.
    const typist = createDoc(Y.encodeStateAsUpdate(docs[0] ?? new Y.Doc()));
    const known = Y.encodeStateVector(typist);
    typist.getText('text').insert(0, 'typed: ');

    expect((await restoreVersion(someone, version)).status).toBe(204);
    sockets[0]?.send(frames.update(Y.encodeStateAsUpdate(typist, known)));
    for (const [index, socket] of sockets.entries()) {
      for (const message of await socket.waitUntilHandled()) {
        const { type, update } = read(message);
        expect(type).toBe('update');
        if (update !== undefined && docs[index] !== undefined) Y.applyUpdate(docs[index], update);
      }
    }
    expect((await readStored(someone)).getText('text').toJSON()).toBe('typed: first');
    expect(docs[1]?.getText('text').toJSON()).toBe('typed: first');
  });

  it('change nothing and send nothing if the document has their content already', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, PATH, createDocWithText('same'));
    const version = await createVersion(someone);
    const etag = (await someone.request(PATH)).headers.get('etag');
    expect((await restoreVersion(someone, version)).status).toBe(204);
    expect((await someone.request(PATH)).headers.get('etag')).toBe(etag);
    expect(await listVersions(someone)).toEqual([version]);
  });

  it('survive compaction, hibernation and eviction', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const someone = await createRoomUser();
    const doc = createRichDoc();
    await syncOverHttp(someone, PATH, doc);
    const versions: [Version, unknown][] = [];
    for (let step = 0; step < 80; step++) {
      await push(someone, doc, () => edit(doc, [step * 3, step * 11, step * 5]));
      await push(someone, doc, () => doc.getText('text').insert(step, 'x'));
      if (step % 20 === 0) versions.push([await createVersion(someone), getVisibleContent(doc)]);
    }
    expect(await countUpdates(someone)).toBeGreaterThan(40);
    advanceTime(60_000);
    await runAlarm(someone);
    expect(await countUpdates(someone)).toBe(1);
    await evictDurableObject(getRoomStub('document', someone.userId, 'd'));
    for (const [version, content] of versions) {
      expect(getVisibleContent(await readVersion(someone, version))).toEqual(content);
    }
  });

  it('keep their content when a version between them is deleted', async () => {
    const someone = await createRoomUser();
    const doc = createRichDoc();
    await syncOverHttp(someone, PATH, doc);
    const versions: [Version, unknown][] = [];
    for (let step = 0; step < 12; step++) {
      await push(someone, doc, () => edit(doc, [step * 5, step * 11, step * 3]));
      versions.push([await createVersion(someone), getVisibleContent(doc)]);
    }
    for (const index of [5, 0, 8]) {
      const [gone] = versions.splice(index, 1);
      await someone.request(`${VERSIONS}/${gone?.[0].id}`, { method: 'DELETE' });
      for (const [version, content] of versions) {
        expect(getVisibleContent(await readVersion(someone, version))).toEqual(content);
      }
    }
  });

  it('cost what changed, not a copy of the document', async () => {
    const someone = await createRoomUser();
    const doc = new Y.Doc({ gc: false });
    // Random, so that it cannot be compressed.
    const words = Array.from({ length: 3_000 }, () => crypto.randomUUID()).join(' ');
    await push(someone, doc, () => doc.getText('text').insert(0, words));
    await createVersion(someone);
    const before = await readSize(someone);
    expect(before).toBeGreaterThan(100_000);
    for (let version = 0; version < 100; version++) {
      await push(someone, doc, () => doc.getText('text').insert(version * 7, 'a word'));
      await push(someone, doc, () => doc.getText('text').delete(version * 9, 2));
      await createVersion(someone);
    }
    expect((await readSize(someone)) - before).toBeLessThan(before / 4);
  });

  it('have content that a client deleted and dropped, even if that client sends its whole document', async () => {
    const someone = await createRoomUser();
    const doc = new Y.Doc({ gc: true });
    // Letter by letter, so that no two copies of the document are cut into the same structs.
    for (const [index, letter] of Array.from('Never forget this.').entries()) {
      await push(someone, doc, () => doc.getText('text').insert(index, letter));
    }
    const version = await createVersion(someone);
    await push(someone, doc, () => doc.getText('text').delete(0, 6));
    const forgetful = createDoc(Y.encodeStateAsUpdate(doc));
    forgetful.gc = true;
    for (const everything of [doc, forgetful].map((one) => Y.encodeStateAsUpdate(one))) {
      await someone.request(PATH, { method: 'POST', body: encodeSyncBody(new Uint8Array(), everything) });
      const socket = await RawSocket.open(someone, PATH);
      socket.send(frames.update(everything));
      await socket.waitUntilHandled();
    }
    // A room that was evicted reads its log again.
    await evictDurableObject(getRoomStub('document', someone.userId, 'd'));
    expect((await readVersion(someone, version)).getText('text').toJSON()).toBe('Never forget this.');
    await restoreVersion(someone, version);
    expect((await readStored(someone)).getText('text').toJSON()).toBe('Never forget this.');
  });

  it('have content that a client dropped together with content that no other client had', async () => {
    const someone = await createRoomUser();
    const doc = new Y.Doc({ gc: true });
    for (const [index, part] of ['hel', 'lo'].entries()) {
      await push(someone, doc, () => doc.getText('text').insert(3 * index, part));
    }
    const version = await createVersion(someone);
    doc.getText('text').insert(5, 'world');
    doc.getText('text').delete(0, 10);
    // One contentless struct covers all ten letters: a part of it is no shorter.
    const everything = Y.encodeStateAsUpdate(doc);
    await someone.request(PATH, { method: 'POST', body: encodeSyncBody(new Uint8Array(), everything) });
    await evictDurableObject(getRoomStub('document', someone.userId, 'd'));
    expect((await readVersion(someone, version)).getText('text').toJSON()).toBe('hello');
  });

  it('are deleted with the document, and a recreated one has none', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, PATH, createDocWithText('x'));
    const version = await createVersion(someone);
    await someone.request(PATH, { method: 'DELETE' });
    for (const [path, method] of [
      [VERSIONS, 'GET'],
      [VERSIONS, 'POST'],
      [`${VERSIONS}/${version.id}`, 'GET'],
      [`${VERSIONS}/${version.id}/restore`, 'POST'],
      [`${VERSIONS}/${version.id}`, 'DELETE'],
    ] as const) {
      expect((await someone.request(path, { method })).status).toBe(410);
    }
    await someone.request(PATH, { method: 'PUT' });
    expect(await listVersions(someone)).toEqual([]);
    expect((await someone.request(`${VERSIONS}/${version.id}`)).status).toBe(404);
  });

  it('report the size to the registry', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, PATH, createDocWithText('x'));
    await someone.settle();
    const before = await readSize(someone);
    await createVersion(someone);
    await someone.settle();
    await runAlarmsUntilIdle(getRoomStub('document', someone.userId, 'd'));
    const now = await readSize(someone);
    expect(now).toBeGreaterThan(before);
    const row = await env.DB.prepare('SELECT storage_bytes FROM durable_object_instance WHERE user_id = ?')
      .bind(someone.userId)
      .first<{ storage_bytes: number }>();
    expect(row?.storage_bytes).toBe(now);
  });
});

describe('automatic versions', () => {
  it('are created ten minutes after the last one while the document is edited, else not', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const someone = await createRoomUser();
    const doc = createDocWithText('0');
    await syncOverHttp(someone, PATH, doc);
    for (let versions = 1; versions <= 3; versions++) {
      for (const part of [1, 2]) {
        advanceTime(AUTOMATIC_VERSION_INTERVAL_MS / 2 - part);
        await push(someone, doc, () => doc.getText('text').insert(0, `${versions}.${part} `));
        await runAlarm(someone);
        expect(await listVersions(someone)).toHaveLength(versions - 1);
      }
      advanceTime(3);
      await runAlarm(someone);
      const [newest, ...older] = await listVersions(someone);
      expect(older).toHaveLength(versions - 1);
      expect(newest?.label).toBeNull();
      if (newest !== undefined)
        expect(getVisibleContent(await readVersion(someone, newest))).toEqual(getVisibleContent(doc));
    }
    advanceTime(20 * AUTOMATIC_VERSION_INTERVAL_MS);
    while (await runAlarm(someone)) advanceTime(AUTOMATIC_VERSION_INTERVAL_MS);
    expect(await listVersions(someone)).toHaveLength(3);
    // Edits after a pause are in a version as soon as the alarm fires.
    await push(someone, doc, () => doc.getText('text').insert(0, 'back again'));
    await runAlarm(someone);
    expect(await listVersions(someone)).toHaveLength(4);
  });

  it('are not created for content that is sent again', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const someone = await createRoomUser();
    const doc = createDocWithText('some words');
    doc.getText('text').delete(0, 5);
    await syncOverHttp(someone, PATH, doc);
    advanceTime(AUTOMATIC_VERSION_INTERVAL_MS);
    await runAlarm(someone);
    expect(await listVersions(someone)).toHaveLength(1);
    // A room that has just woken up does not read the log to find out whether deletions are stored.
    const stub = getRoomStub('document', someone.userId, 'd');
    await evictDurableObject(stub);
    const before = await countUpdates(someone);
    const socket = await RawSocket.open(someone, PATH);
    socket.send(frames.update(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(doc))));
    await socket.waitUntilHandled();
    expect(await countUpdates(someone)).toBe(before + 1);
    advanceTime(2 * AUTOMATIC_VERSION_INTERVAL_MS);
    await runAlarm(someone);
    expect(await listVersions(someone)).toHaveLength(1);
  });

  it('are thinned with age, and versions of users are not', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const someone = await createRoomUser();
    const doc = createDocWithText('0');
    await syncOverHttp(someone, PATH, doc);
    const kept = await createVersion(someone, 'mine');
    for (let edits = 0; edits < 12; edits++) {
      advanceTime(AUTOMATIC_VERSION_INTERVAL_MS);
      await push(someone, doc, () => doc.getText('text').insert(0, String(edits)));
      await runAlarm(someone);
    }
    expect(await listVersions(someone)).toHaveLength(13);
    advanceTime(3 * 24 * 60 * 60_000);
    await push(someone, doc, () => doc.getText('text').insert(0, 'today'));
    await runAlarm(someone);
    const versions = await listVersions(someone);
    // Two hours, one per hour (three if an hour is cut), today's, and the labelled one.
    expect(versions.length).toBeGreaterThanOrEqual(4);
    expect(versions.length).toBeLessThanOrEqual(5);
    expect(versions).toContainEqual(kept);
    expect(getVisibleContent(await readVersion(someone, kept))).toEqual(
      getVisibleContent(createDoc(Y.encodeStateAsUpdate(createDocWithText('0')))),
    );
  });

  it('are not created for a workspace, which collects garbage', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const someone = await createRoomUser();
    await syncOverHttp(someone, '/workspaces/w', createDocWithText('x'));
    advanceTime(2 * AUTOMATIC_VERSION_INTERVAL_MS);
    const stub = getRoomStub('workspace', someone.userId, 'w');
    await runDurableObjectAlarm(stub);
    const tables = await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'snapshot'").toArray(),
    );
    expect(tables).toEqual([]);
    expect((await someone.request('/workspaces/w/snapshots')).status).toBe(404);
  });
});

describe('an invalid request about versions', () => {
  it('is refused with the reason and creates no document', async () => {
    const someone = await createRoomUser();
    const post = (body: BodyInit) => someone.request(VERSIONS, { method: 'POST', body });
    expect((await someone.request(VERSIONS)).status).toBe(404);
    expect((await post('{}')).status).toBe(404);
    expect((await someone.request(PATH)).status).toBe(404);

    await syncOverHttp(someone, PATH, createDocWithText('x'));
    const malformed = [
      ['{"label": 7}', 'label is a string or null.'],
      ['{"label": "a\\u0000b"}', 'label contains no control characters.'],
      [JSON.stringify({ label: 'ä'.repeat(129) }), 'label has at most 256 bytes of UTF-8.'],
      ['[]', 'The body is a JSON object'],
      ['"text"', 'The body is a JSON object'],
      ['{', 'The body is a JSON object'],
      [new Uint8Array([0x7b, 0xff]), 'The body is a JSON object'],
    ] as const;
    for (const [body, detail] of malformed) {
      const response = await post(body);
      expect(response.status).toBe(400);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect((await response.json<{ detail: string }>()).detail).toContain(detail);
    }
    expect((await post(JSON.stringify({ label: 'x'.repeat(10_000) }))).status).toBe(413);
    expect(await listVersions(someone)).toEqual([]);

    expect((await post('')).status).toBe(201);
    expect((await post('{"label": ""}')).status).toBe(201);
    expect((await listVersions(someone)).map(({ label }) => label)).toEqual([null, null]);

    for (const id of ['0', 'zzzzzzzzzz', '-1', 'A', '1.5', '%00', 'x'.repeat(300), '007']) {
      for (const [path, method] of [
        [`${VERSIONS}/${id}`, 'GET'],
        [`${VERSIONS}/${id}`, 'DELETE'],
        [`${VERSIONS}/${id}/restore`, 'POST'],
      ] as const) {
        expect((await someone.request(path, { method })).status).toBe(404);
      }
    }
    expect((await someone.request(VERSIONS, { method: 'PUT' })).status).toBe(405);
    expect((await someone.request(`${VERSIONS}/abc`, { method: 'POST' })).status).toBe(405);
  });

  it('is refused at the maximum of user versions until one is deleted', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, PATH, createDocWithText('x'));
    const first = await createVersion(someone);
    await runInDurableObject(getRoomStub('document', someone.userId, 'd'), (_, { storage }) => {
      for (let made = 1; made < MAX_USER_VERSIONS; made++) {
        storage.sql.exec(
          "INSERT INTO snapshot (created_at, part, label, automatic, added) VALUES (?, 0, NULL, 0, x'000000')",
          made,
        );
      }
    });
    const refused = await someone.request(VERSIONS, { method: 'POST' });
    expect(refused.status).toBe(409);
    expect((await refused.json<{ detail: string }>()).detail).toContain('1000 versions');
    await someone.request(`${VERSIONS}/${first.id}`, { method: 'DELETE' });
    expect((await someone.request(VERSIONS, { method: 'POST' })).status).toBe(201);
  });
});
