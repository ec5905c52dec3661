import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { createRandom } from '../../../../scripts/lib/random.ts';
import { MAX_FORMER_CLIENTS } from '../../../../src/rooms/limits/storage-limits.ts';
import { readTrustedUpdate } from '../../../../src/yjs/read-update.ts';
import { createManyClientsUpdate } from '../../support/many-clients.ts';
import { frames, join, RawSocket } from '../../support/raw-socket.ts';
import {
  createDocWithText,
  type RoomUser,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
  syncOverHttp,
} from '../../support/room-app.ts';

const getText = (doc: Y.Doc) => doc.getText('text').toJSON();
const remove = (someone: RoomUser, path: string) => someone.request(path, { method: 'DELETE' });
const create = (someone: RoomUser, path: string) => someone.request(path, { method: 'PUT' });

const createHeaders = (incarnation: string) => ({ 'room-incarnation': incarnation });
const getIncarnation = (response: Response) => response.headers.get('room-incarnation') ?? '';

/** The text of the room. */
async function readText(someone: RoomUser, path: string): Promise<string> {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await (await someone.request(path)).arrayBuffer()));
  return getText(doc);
}

/** Creates a client's document with these updates only. */
function createDocWith(...updates: Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

describe.each(['workspace', 'document'] as const)('a deleted %s', (type) => {
  const path = `/${type}s/gone`;

  it('has only the deletion marker left, whatever tables it had', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, path, createDocWithText('x'.repeat(4_000_000)));
    if (type === 'document')
      expect((await someone.request(`${path}/snapshots`, { method: 'POST' })).status).toBe(201);
    await someone.settle();
    const stub = getRoomStub(type, someone.userId, 'gone');
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec('CREATE TABLE parent (id INTEGER PRIMARY KEY)');
      storage.sql.exec('CREATE TABLE child (id INTEGER PRIMARY KEY, of INTEGER NOT NULL REFERENCES parent)');
      storage.sql.exec('INSERT INTO parent VALUES (1)');
      storage.sql.exec('INSERT INTO child VALUES (1, 1)');
      storage.kv.put('something', 'else');
    });
    expect((await remove(someone, path)).status).toBe(204);
    while (await runDurableObjectAlarm(stub));
    const left = await runInDurableObject(stub, async (_, { storage }) => ({
      tables: storage.sql
        .exec('SELECT name FROM sqlite_master')
        .toArray()
        .map(({ name }) => name),
      keys: [...storage.kv.list()].map(([key]) => key).toSorted(),
      bytes: storage.sql.databaseSize,
      alarm: await storage.getAlarm(),
    }));
    expect(left).toEqual({
      tables: ['_cf_KV', '_cf_METADATA'],
      keys: ['former clients', 'room'],
      bytes: 12_288,
      alarm: null,
    });
  });

  it('can have unreadable updates', async () => {
    const someone = await createRoomUser();
    await syncOverHttp(someone, path, createDocWithText('x'));
    await runInDurableObject(getRoomStub(type, someone.userId, 'gone'), (_, { storage }) => {
      storage.sql.exec('INSERT INTO update_log (last, at, bytes) VALUES (1, 1, ?)', new Uint8Array([9, 9]));
    });
    expect((await remove(someone, path)).status).toBe(204);
    expect((await someone.request(path)).status).toBe(410);
  });

  it('ignores what its sockets still send, in the middle of a paste', async () => {
    const someone = await createRoomUser();
    const sockets = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    const doc = createDocWithText('');
    const pasted: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => pasted.push(update));
    for (let part = 0; part < 50; part++) doc.getText('text').insert(0, 'x'.repeat(20_000));
    const silent = await RawSocket.open(someone, path);
    pasted.forEach((update, part) => sockets[part % 2]?.send(frames.update(update)));
    const removed = remove(someone, path);
    for (const update of pasted) sockets[0]?.send(frames.update(update));
    expect((await removed).status).toBe(204);
    for (const socket of [...sockets, silent]) expect((await socket.closed).code).toBe(4410);
    expect((await someone.request(path)).status).toBe(410);
    await create(someone, path);
    expect(await readText(someone, path)).toBe('');
  });

  it('loses every POST from before the deletion and answers 410 to every later one', async () => {
    const someone = await createRoomUser();
    await create(someone, path);
    const posts = Array.from({ length: 30 }, (_, index) => {
      const posted = syncOverHttp(someone, path, createDocWithText(`${index} `));
      return index === 10 || index === 20 ? [posted, remove(someone, path)] : [posted];
    });
    const statuses = await Promise.all(posts.flat().map(async (answer) => (await answer).status));
    for (const status of statuses) expect([200, 204, 410]).toContain(status);
    expect(statuses.filter((status) => status === 410).length).toBeGreaterThan(0);
    expect((await someone.request(path)).status).toBe(410);
    await create(someone, path);
    expect(await readText(someone, path)).toBe('');
  });

  it('stays deleted when an alarm for its compaction fires', async () => {
    const someone = await createRoomUser();
    const writer = await RawSocket.open(someone, path);
    const doc = new Y.Doc();
    doc.on('update', (update: Uint8Array) => writer.send(frames.update(update)));
    for (let index = 0; index < 2_100; index++) doc.getText('text').insert(0, 'x');
    await writer.waitUntilHandled();
    const stub = getRoomStub(type, someone.userId, 'gone');
    const [, removed] = await Promise.all([runDurableObjectAlarm(stub), remove(someone, path)]);
    expect(removed.status).toBe(204);
    while (await runDurableObjectAlarm(stub));
    expect((await someone.request(path)).status).toBe(410);
    await create(someone, path);
    expect(await readText(someone, path)).toBe('');
  });

  it('stays deleted when it is evicted right after', async () => {
    const someone = await createRoomUser();
    const doc = createDocWithText('old');
    await syncOverHttp(someone, path, doc);
    await remove(someone, path);
    await evictDurableObject(getRoomStub(type, someone.userId, 'gone'));
    expect((await syncOverHttp(someone, path, doc)).status).toBe(410);
    expect((await (await RawSocket.open(someone, path)).closed).code).toBe(4410);
  });
});

describe('a recreated room', () => {
  const path = '/documents/again';

  /** A room that was edited by two clients, then deleted and recreated. */
  async function recreated() {
    const someone = await createRoomUser();
    const ada = createDocWithText('from Ada');
    ada.getMap('map').set('inner', new Y.Map());
    await syncOverHttp(someone, path, ada);
    const ben = createDocWith(Y.encodeStateAsUpdate(ada));
    ben.getText('text').insert(0, 'Ben ');
    await syncOverHttp(someone, path, ben);
    await remove(someone, path);
    await create(someone, path);
    return { someone, ada, ben };
  }

  it('closes the socket of a client whose state vector has its old content', async () => {
    const { someone, ada, ben } = await recreated();
    for (const old of [ada, ben]) {
      const socket = await RawSocket.open(someone, path);
      socket.send(frames.step1(Y.encodeStateVector(old)));
      expect(await socket.closed).toMatchObject({
        code: 4409,
        reason: expect.stringContaining('readmit=true'),
      });
      expect(socket.received).toEqual([]);
    }
    expect(await readText(someone, path)).toBe('');
  });

  it('stores none of its old content, in whatever form any client sends it, and accepts new content', async () => {
    const { someone, ada, ben } = await recreated();
    const fresh = createDocWithText('new');
    await syncOverHttp(someone, path, fresh);
    const before = await readText(someone, path);

    /** The edit that an unknown client makes in an old copy, without the copy. */
    const additionTo = (copy: Y.Doc, edit: (doc: Y.Doc) => void) => {
      const newcomer = createDocWith(Y.encodeStateAsUpdate(copy));
      edit(newcomer);
      return Y.encodeStateAsUpdate(newcomer, Y.encodeStateVector(copy));
    };
    const deleter = createDocWith(Y.encodeStateAsUpdate(ben));
    deleter.getText('text').delete(0, 2);
    const attempts = {
      'a whole copy': Y.encodeStateAsUpdate(ben),
      'edits of the other client': Y.encodeStateAsUpdate(ben, Y.encodeStateVector(ada)),
      'words before it': additionTo(ada, (doc) => doc.getText('text').insert(0, 'before')),
      'words within it': additionTo(ada, (doc) => doc.getText('text').insert(3, 'within')),
      'words after it': additionTo(ada, (doc) => doc.getText('text').insert(8, 'after')),
      'something inside of it': additionTo(ada, (doc) =>
        doc.getMap<Y.Map<number>>('map').get('inner')?.set('x', 1),
      ),
      'deletions alone': Y.encodeStateAsUpdate(deleter, Y.encodeStateVector(deleter)),
      'a copy among new content': Y.mergeUpdates([
        Y.encodeStateAsUpdate(createDocWithText('y')),
        Y.encodeStateAsUpdate(ada),
      ]),
    };
    for (const [what, update] of Object.entries(attempts)) {
      const body = encodeSyncBody(new Uint8Array(), update);
      const answer = await someone.request(path, { method: 'POST', body });
      expect([answer.status, answer.headers.get('content-type')], what).toEqual([
        409,
        'application/problem+json',
      ]);
      for (const frame of [frames.update(update), frames.step2(update)]) {
        const socket = await RawSocket.open(someone, path);
        socket.send(frame);
        expect((await socket.closed).code, what).toBe(4409);
      }
    }
    expect(await readText(someone, path)).toBe(before);
    await evictDurableObject(getRoomStub('document', someone.userId, 'again'));
    expect((await syncOverHttp(someone, path, ada)).status, 'after it slept').toBe(409);
    fresh.getText('text').insert(3, 'er');
    expect((await syncOverHttp(someone, path, fresh)).status).toBe(204);
    expect(await readText(someone, path)).toBe('newer');
  });

  it('stores nothing of the old content of three clients, in whatever parts it is sent', async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    console.log(`recreated room: seed ${seed}`);
    const random = createRandom(seed);
    const pick = <Value>(values: readonly Value[]): Value | undefined =>
      values[Math.floor(random() * values.length)];
    const someone = await createRoomUser();
    const post = (stateVector: Uint8Array, update: Uint8Array) =>
      someone.request(path, { method: 'POST', body: encodeSyncBody(stateVector, update) });
    const docs = [new Y.Doc(), new Y.Doc(), new Y.Doc()];
    const made: Uint8Array[] = [];
    for (const doc of docs)
      doc.on('update', (update: Uint8Array, origin: unknown) => {
        if (origin !== 'sync') made.push(update);
      });
    for (let step = 0; step < 60; step++) {
      const [doc = new Y.Doc(), other = new Y.Doc()] = [pick(docs), pick(docs)];
      const [shared, chance] = [doc.getText('text'), random()];
      if (chance < 0.3) Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'sync');
      else if (chance < 0.5) shared.delete(0, Math.min(shared.length, 2));
      else if (chance < 0.7) doc.getMap('map').set(String(step % 5), step);
      else shared.insert(Math.floor(random() * (shared.length + 1)), 'abc');
    }
    for (const update of made) await (await post(new Uint8Array(), update)).arrayBuffer();
    await remove(someone, path);
    await create(someone, path);

    for (let attempt = 0; attempt < 100; attempt++) {
      const pieces = made.filter(() => random() < 0.2);
      const merged = Y.mergeUpdates(pieces.length === 0 ? made : pieces);
      const known = random() < 0.5 ? pick(docs) : undefined;
      const cut = known === undefined ? merged : Y.diffUpdate(merged, Y.encodeStateVector(known));
      const says = readTrustedUpdate(cut);
      if (says.structCount === 0 && says.deleteRanges.size === 0) continue;
      expect((await post(new Uint8Array(), cut)).status).toBe(409);
    }
    for (const doc of docs) expect((await post(Y.encodeStateVector(doc), new Uint8Array())).status).toBe(409);
    expect(new Uint8Array(await (await someone.request(path)).arrayBuffer())).toEqual(
      Y.encodeStateAsUpdate(new Y.Doc()),
    );
  });

  it('refuses content of all its earlier incarnations', async () => {
    const { someone, ada } = await recreated();
    const second = createDocWithText('second');
    await syncOverHttp(someone, path, second);
    await remove(someone, path);
    await create(someone, path);
    for (const old of [ada, second]) expect((await syncOverHttp(someone, path, old)).status).toBe(409);
  });

  it('refuses a copy with edits of many clients and accepts a new document', async () => {
    const someone = await createRoomUser();
    const many = createManyClientsUpdate(2 * MAX_FORMER_CLIENTS);
    const body = encodeSyncBody(new Uint8Array(), many);
    const first = await someone.request(path, { method: 'POST', body });
    expect(first.status).toBe(200);
    await first.arrayBuffer();
    expect((await remove(someone, path)).status).toBe(204);
    const put = await create(someone, path);
    expect((await put.json<{ storageBytes: number }>()).storageBytes).toBeLessThan(4 * MAX_FORMER_CLIENTS);
    expect((await someone.request(path, { method: 'POST', body })).status).toBe(409);
    expect((await syncOverHttp(someone, path, createDocWithText('new'))).status).toBe(204);
  });

  it('accepts its old content if its owner readmits it, and only then', async () => {
    const { someone, ada } = await recreated();
    expect((await someone.request(`${path}?readmit=no`, { method: 'PUT' })).status).toBe(400);
    expect((await syncOverHttp(someone, path, ada)).status).toBe(409);
    expect((await someone.request(`${path}?readmit=true`, { method: 'PUT' })).status).toBe(200);
    expect(await join(await RawSocket.open(someone, path)).then(getText)).toBe('');
    expect((await syncOverHttp(someone, path, ada)).status).toBe(204);
    expect(await readText(someone, path)).toBe('from Ada');
  });

  it('accepts a client whose document was always empty', async () => {
    const someone = await createRoomUser();
    const doc = new Y.Doc();
    await syncOverHttp(someone, path, doc);
    await remove(someone, path);
    await create(someone, path);
    doc.getText('text').insert(0, 'first words');
    expect((await syncOverHttp(someone, path, doc)).status).toBe(204);
  });
});

describe('an incarnation', () => {
  const path = '/documents/incarnations';
  const upgrade = (someone: RoomUser, incarnation: string) =>
    RawSocket.open(someone, `${path}?incarnation=${incarnation}`);

  it('is in every response of a live room and changes with each deletion', async () => {
    const someone = await createRoomUser();
    const put = await create(someone, path);
    const first = getIncarnation(put);
    expect(await put.json()).toMatchObject({ incarnation: first });
    const doc = createDocWithText('x');
    doc.getText('text').delete(0, 1);
    const posted = await syncOverHttp(someone, path, doc);
    const etag = posted.headers.get('etag') ?? '';
    const answers = [
      [200, await create(someone, path)],
      [200, posted],
      [204, await syncOverHttp(someone, path, doc, { 'if-none-match': etag })],
      [200, await someone.request(path)],
      [200, await someone.request(path, { method: 'HEAD' })],
      [304, await someone.request(path, { headers: { 'if-none-match': '*' } })],
      [101, (await RawSocket.open(someone, path)).response],
    ] as const;
    for (const [status, answer] of answers)
      expect([answer.status, getIncarnation(answer)]).toEqual([status, first]);
    const seen = [first];
    for (let round = 0; round < 3; round++) {
      await remove(someone, path);
      seen.push(getIncarnation(await create(someone, path)));
    }
    expect(new Set(seen).size).toBe(4);
    for (const name of seen) expect(name).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is accepted from every client that names it', async () => {
    const someone = await createRoomUser();
    const incarnation = getIncarnation(await create(someone, path));
    expect(
      (await syncOverHttp(someone, path, createDocWithText('x'), createHeaders(incarnation))).status,
    ).toBe(204);
    expect((await someone.request(path, { headers: createHeaders(incarnation) })).status).toBe(200);
    expect(await join(await upgrade(someone, incarnation)).then(getText)).toBe('x');
    expect(
      (await someone.request(path, { method: 'DELETE', headers: createHeaders(incarnation) })).status,
    ).toBe(204);
    expect(
      (await someone.request(path, { method: 'DELETE', headers: createHeaders(incarnation) })).status,
    ).toBe(204);
  });

  it('that was deleted is 410 and 4410 before the room is recreated, 409 and 4409 after; nothing is stored or deleted', async () => {
    const someone = await createRoomUser();
    const old = getIncarnation(await create(someone, path));
    const refused = async (when: string, status: 409 | 410) => {
      expect(
        (await syncOverHttp(someone, path, createDocWithText('late'), createHeaders(old))).status,
        when,
      ).toBe(status);
      expect((await someone.request(path, { headers: createHeaders(old) })).status, when).toBe(status);
      const query = await someone.request(`${path}?incarnation=${old}`, {
        method: 'POST',
        body: encodeSyncBody(new Uint8Array(), Y.encodeStateAsUpdate(createDocWithText('late'))),
      });
      expect(query.status, when).toBe(status);
      expect((await (await upgrade(someone, old)).closed).code, when).toBe(4000 + status);
    };
    await remove(someone, path);
    await refused('while it is deleted', 410);
    await create(someone, path);
    await refused('after it was recreated', 409);
    expect((await someone.request(path, { method: 'DELETE', headers: createHeaders(old) })).status).toBe(409);
    expect(await readText(someone, path)).toBe('');
  });

  it('that is named for an absent room does not create it', async () => {
    const someone = await createRoomUser();
    expect(
      (await syncOverHttp(someone, path, createDocWithText('x'), createHeaders('1700000000000'))).status,
    ).toBe(404);
    expect((await (await upgrade(someone, '1700000000000')).closed).code).toBe(4404);
    for (const method of ['GET', 'DELETE']) {
      const answer = await someone.request(path, { method, headers: createHeaders('1700000000000') });
      expect(answer.status).toBe(404);
    }
    expect((await someone.request(path)).status).toBe(404);
    const bytes = await runInDurableObject(
      getRoomStub('document', someone.userId, 'incarnations'),
      (_, { storage }) => storage.sql.databaseSize,
    );
    expect(bytes, 'an untouched object').toBe(4_096);
  });

  it.each(['', 'undefined', 'null', '-1', '01', '1e9', ' 1 2', '9'.repeat(17)])(
    'that is %j is 400 and 4400, and no room is created',
    async (malformed) => {
      const someone = await createRoomUser();
      const query = `${path}?incarnation=${encodeURIComponent(malformed)}`;
      expect(
        (await syncOverHttp(someone, path, createDocWithText('x'), createHeaders(malformed))).status,
      ).toBe(400);
      expect((await syncOverHttp(someone, query, createDocWithText('x'))).status).toBe(400);
      expect((await (await RawSocket.open(someone, query)).closed).code).toBe(4400);
      expect((await someone.request(path)).status).toBe(404);
    },
  );
});
