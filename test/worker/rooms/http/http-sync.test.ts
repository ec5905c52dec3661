import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { MIN_STREAM_BYTES } from '../../../../src/rooms/limits/room-limits.ts';
import { createManyClientsUpdate } from '../../support/many-clients.ts';
import { createDocWithText, createRoomUser, encodeSyncBody, syncOverHttp } from '../../support/room-app.ts';
import { RawSocket, read } from '../../support/raw-socket.ts';

const readBytes = async (response: Response) => new Uint8Array(await response.arrayBuffer());
const text = (doc: Y.Doc) => doc.getText('text').toJSON();

describe.each(['/workspaces/w', '/documents/d'])('HTTP sync of %s', (path) => {
  it('gives two clients that are never online together the same content', async () => {
    const user = await createRoomUser();
    const [one, two] = [createDocWithText('one'), createDocWithText('two')];
    await syncOverHttp(user, path, one);
    await syncOverHttp(user, path, two);
    await syncOverHttp(user, path, one);
    expect(text(one)).toBe(text(two));
    expect(text(one)).toHaveLength(6);
  });

  it('is stored once it is acknowledged, and is read as one update', async () => {
    const user = await createRoomUser();
    const doc = createDocWithText('kept');
    expect((await syncOverHttp(user, path, doc)).status).toBe(204);
    const response = await user.request(path);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    const read = new Y.Doc();
    Y.applyUpdate(read, await readBytes(response));
    expect(text(read)).toBe('kept');
  });

  it('sends a deletion to a client although its state vector is up to date', async () => {
    const user = await createRoomUser();
    const [one, two] = [createDocWithText('hello'), new Y.Doc()];
    await syncOverHttp(user, path, one);
    await syncOverHttp(user, path, two);
    one.getText('text').delete(0, 4);
    await syncOverHttp(user, path, one);
    const before = Y.encodeStateVector(two);
    const response = await syncOverHttp(user, path, two);
    expect(response.status).toBe(200);
    expect(Y.encodeStateVector(two)).toEqual(before);
    expect(text(two)).toBe('o');
  });

  it('answers 204 only where the client provably has everything', async () => {
    const user = await createRoomUser();
    const doc = createDocWithText('hello');
    expect(
      (await syncOverHttp(user, path, doc)).status,
      'without deletions the state vector is sufficient',
    ).toBe(204);
    doc.getText('text').delete(0, 1);
    const synced = await syncOverHttp(user, path, doc);
    expect(synced.status, 'a state vector does not contain deletions').toBe(200);
    const etag = synced.headers.get('etag') ?? '';
    expect(
      (await syncOverHttp(user, path, doc, { 'if-none-match': etag })).status,
      'with the current ETag',
    ).toBe(204);
    const liar = await user.request(path, {
      method: 'POST',
      body: encodeSyncBody(Y.encodeStateVector(new Y.Doc()), new Uint8Array()),
      headers: { 'if-none-match': etag },
    });
    expect(liar.status, 'with the current ETag but a state vector without the inserts').toBe(200);
    expect(
      (await syncOverHttp(user, path, doc, { 'if-none-match': '*' })).status,
      'with If-None-Match: *',
    ).toBe(200);
  });

  it('answers 304 to a read with the current ETag, weak or strong', async () => {
    const user = await createRoomUser();
    await syncOverHttp(user, path, createDocWithText('x'));
    const etag = (await user.request(path)).headers.get('etag') ?? '';
    expect((await user.request(path, { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect(
      (await user.request(path, { headers: { 'if-none-match': `"no", ${etag.slice(2)}` } })).status,
    ).toBe(304);
    expect((await user.request(path, { headers: { 'if-none-match': '*' } })).status).toBe(304);
    await syncOverHttp(user, path, createDocWithText('y'));
    expect((await user.request(path, { headers: { 'if-none-match': etag } })).status).toBe(200);
  });

  it('returns the state vector, with which a client reduces its next upload', async () => {
    const user = await createRoomUser();
    const doc = createDocWithText('x');
    const response = await syncOverHttp(user, path, doc);
    const header = response.headers.get('yjs-state-vector') ?? '';
    expect(new Uint8Array(Buffer.from(header, 'base64url'))).toEqual(Y.encodeStateVector(doc));
  });

  it('omits a state vector that is too long for a header, and still returns all content', async () => {
    const user = await createRoomUser();
    const many = createManyClientsUpdate(2_000);
    const body = encodeSyncBody(new Uint8Array(), many);
    const response = await user.request(path, { method: 'POST', body });
    expect(response.headers.get('yjs-state-vector')).toBeNull();
    const doc = new Y.Doc();
    Y.applyUpdate(doc, await readBytes(response));
    expect(text(doc)).toHaveLength(2_000);
    const read = await user.request(path);
    expect([read.status, read.headers.get('yjs-state-vector')]).toEqual([200, null]);
    expect((await syncOverHttp(user, path, doc)).status).toBe(204);
  });

  it('accepts the state vector of a document of 20,000 clients', async () => {
    const user = await createRoomUser();
    const doc = new Y.Doc();
    Y.applyUpdate(doc, createManyClientsUpdate(20_000));
    expect(Y.encodeStateVector(doc).byteLength).toBeGreaterThan(64 * 1024);
    expect((await syncOverHttp(user, path, doc)).status).toBe(204);
    doc.getText('text').insert(0, 'y');
    expect((await syncOverHttp(user, path, doc)).status).toBe(204);
  });

  it('works the same for a document that is streamed', async () => {
    const user = await createRoomUser();
    const doc = createDocWithText('x'.repeat(MIN_STREAM_BYTES + 1_000_000));
    const posted = await syncOverHttp(user, path, doc);
    const etag = posted.headers.get('etag') ?? '';
    expect(posted.status).toBe(204);
    expect((await syncOverHttp(user, path, doc, { 'if-none-match': etag })).status).toBe(204);
    const read = await user.request(path);
    expect([read.headers.get('etag'), read.headers.get('content-type')]).toEqual([
      etag,
      'application/octet-stream',
    ]);
    const copy = new Y.Doc();
    Y.applyUpdate(copy, await readBytes(read));
    expect(text(copy) === text(doc)).toBe(true);
    expect((await user.request(path, { headers: { 'if-none-match': etag } })).status).toBe(304);

    copy.getText('text').delete(0, 1);
    const deleted = await user.request(path, {
      method: 'POST',
      body: encodeSyncBody(Y.encodeStateVector(copy), Y.encodeStateAsUpdate(copy, Y.encodeStateVector(doc))),
    });
    expect(deleted.headers.get('etag')).not.toBe(etag);
    await deleted.arrayBuffer();
    const diff = await user.request(path, {
      method: 'POST',
      body: encodeSyncBody(new Uint8Array(), new Uint8Array()),
    });
    const newcomer = new Y.Doc();
    Y.applyUpdate(newcomer, await readBytes(diff));
    expect(text(newcomer) === text(copy)).toBe(true);
  });

  it('is relayed to clients on WebSockets', async () => {
    const user = await createRoomUser();
    const socket = await RawSocket.open(user, path);
    await syncOverHttp(user, path, createDocWithText('from http'));
    const { type, update } = read(await socket.next());
    const doc = new Y.Doc();
    Y.applyUpdate(doc, update ?? new Uint8Array());
    expect([type, text(doc)]).toEqual(['update', 'from http']);
  });
});

describe('a room', () => {
  it('that does not exist answers 404 to GET and DELETE, and is not created', async () => {
    const user = await createRoomUser();
    for (const method of ['GET', 'DELETE', 'GET']) {
      const response = await user.request('/documents/none', { method });
      expect([response.status, response.headers.get('content-type')]).toEqual([
        404,
        'application/problem+json',
      ]);
    }
  });

  it('is created by PUT (201, then 200), by POST and by a WebSocket', async () => {
    const user = await createRoomUser();
    const put = () => user.request('/documents/put', { method: 'PUT' });
    expect([(await put()).status, (await put()).status]).toEqual([201, 200]);
    await syncOverHttp(user, '/documents/post', new Y.Doc());
    await RawSocket.open(user, '/documents/socket');
    for (const name of ['put', 'post', 'socket']) {
      expect((await user.request(`/documents/${name}`)).status, name).toBe(200);
    }
  });

  it('that was deleted answers 410 until its owner recreates it, and 204 to another DELETE', async () => {
    const user = await createRoomUser();
    await syncOverHttp(user, '/documents/gone', createDocWithText('old'));
    const remove = () => user.request('/documents/gone', { method: 'DELETE' });
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 204]);
    expect((await user.request('/documents/gone')).status).toBe(410);
    expect((await syncOverHttp(user, '/documents/gone', createDocWithText('old'))).status).toBe(410);
    expect((await user.request('/documents/gone', { method: 'PUT' })).status).toBe(201);
    const doc = new Y.Doc();
    await syncOverHttp(user, '/documents/gone', doc);
    expect(text(doc)).toBe('');
  });

  it('is distinct from a room of the other type with the same name', async () => {
    const user = await createRoomUser();
    await syncOverHttp(user, '/documents/same', createDocWithText('x'));
    expect((await user.request('/workspaces/same')).status).toBe(404);
  });
});
