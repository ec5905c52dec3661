import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { MIN_STREAM_BYTES } from '../../../../src/rooms/limits/room-limits.ts';
import { updateOfMany } from '../../support/many-clients.ts';
import { docWith, person, syncBody, syncOver } from '../../support/room-app.ts';
import { RawSocket, read } from '../../support/raw-socket.ts';

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
const text = (doc: Y.Doc) => doc.getText('text').toJSON();

describe.each(['/workspaces/w', '/documents/d'])('HTTP sync of %s', (path) => {
  it('brings two clients that never meet to the same content', async () => {
    const someone = await person();
    const [one, two] = [docWith('one'), docWith('two')];
    await syncOver(someone, path, one);
    await syncOver(someone, path, two);
    await syncOver(someone, path, one);
    expect(text(one)).toBe(text(two));
    expect(text(one)).toHaveLength(6);
  });

  it('is stored when it is acknowledged, and read back as one update', async () => {
    const someone = await person();
    const doc = docWith('kept');
    expect((await syncOver(someone, path, doc)).status).toBe(204);
    const response = await someone.request(path);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    const read = new Y.Doc();
    Y.applyUpdate(read, await bytesOf(response));
    expect(text(read)).toBe('kept');
  });

  it('brings a deletion to a client whose state vector does not change by it', async () => {
    const someone = await person();
    const [one, two] = [docWith('hello'), new Y.Doc()];
    await syncOver(someone, path, one);
    await syncOver(someone, path, two);
    one.getText('text').delete(0, 4);
    await syncOver(someone, path, one);
    const before = Y.encodeStateVector(two);
    const response = await syncOver(someone, path, two);
    expect(response.status).toBe(200);
    expect(Y.encodeStateVector(two)).toEqual(before);
    expect(text(two)).toBe('o');
  });

  it('answers 204 only where the client provably has everything', async () => {
    const someone = await person();
    const doc = docWith('hello');
    expect(
      (await syncOver(someone, path, doc)).status,
      'nothing was ever deleted, the state vector says all',
    ).toBe(204);
    doc.getText('text').delete(0, 1);
    const synced = await syncOver(someone, path, doc);
    expect(synced.status, 'a state vector proves nothing about deletions').toBe(200);
    const etag = synced.headers.get('etag') ?? '';
    expect((await syncOver(someone, path, doc, { 'if-none-match': etag })).status, 'named by its ETag').toBe(
      204,
    );
    const liar = await someone.request(path, {
      method: 'POST',
      body: syncBody(Y.encodeStateVector(new Y.Doc()), new Uint8Array()),
      headers: { 'if-none-match': etag },
    });
    expect(liar.status, 'an ETag beside a state vector that lacks inserts').toBe(200);
    expect((await syncOver(someone, path, doc, { 'if-none-match': '*' })).status, 'naming nothing').toBe(200);
  });

  it('answers 304 to a reader who names the content, also over a strong form of its ETag', async () => {
    const someone = await person();
    await syncOver(someone, path, docWith('x'));
    const etag = (await someone.request(path)).headers.get('etag') ?? '';
    expect((await someone.request(path, { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect(
      (await someone.request(path, { headers: { 'if-none-match': `"no", ${etag.slice(2)}` } })).status,
    ).toBe(304);
    expect((await someone.request(path, { headers: { 'if-none-match': '*' } })).status).toBe(304);
    await syncOver(someone, path, docWith('y'));
    expect((await someone.request(path, { headers: { 'if-none-match': etag } })).status).toBe(200);
  });

  it('tells the state vector with which a client trims its next upload', async () => {
    const someone = await person();
    const doc = docWith('x');
    const response = await syncOver(someone, path, doc);
    const header = response.headers.get('yjs-state-vector') ?? '';
    expect(new Uint8Array(Buffer.from(header, 'base64url'))).toEqual(Y.encodeStateVector(doc));
  });

  it('leaves that state vector out where it is too long for a header, and is complete without it', async () => {
    const someone = await person();
    const many = updateOfMany(2_000);
    const body = syncBody(new Uint8Array(), many);
    const response = await someone.request(path, { method: 'POST', body });
    expect(response.headers.get('yjs-state-vector')).toBeNull();
    const doc = new Y.Doc();
    Y.applyUpdate(doc, await bytesOf(response));
    expect(text(doc)).toHaveLength(2_000);
    const read = await someone.request(path);
    expect([read.status, read.headers.get('yjs-state-vector')]).toEqual([200, null]);
    expect((await syncOver(someone, path, doc)).status).toBe(204);
  });

  it('accepts the state vector of a document of 20,000 clients', async () => {
    const someone = await person();
    const doc = new Y.Doc();
    Y.applyUpdate(doc, updateOfMany(20_000));
    expect(Y.encodeStateVector(doc).byteLength).toBeGreaterThan(64 * 1024);
    expect((await syncOver(someone, path, doc)).status).toBe(204);
    doc.getText('text').insert(0, 'y');
    expect((await syncOver(someone, path, doc)).status).toBe(204);
  });

  it('is no different for a document that must be streamed', async () => {
    const someone = await person();
    const doc = docWith('x'.repeat(MIN_STREAM_BYTES + 1_000_000));
    const posted = await syncOver(someone, path, doc);
    const etag = posted.headers.get('etag') ?? '';
    expect(posted.status).toBe(204);
    expect((await syncOver(someone, path, doc, { 'if-none-match': etag })).status).toBe(204);
    const read = await someone.request(path);
    expect([read.headers.get('etag'), read.headers.get('content-type')]).toEqual([
      etag,
      'application/octet-stream',
    ]);
    const copy = new Y.Doc();
    Y.applyUpdate(copy, await bytesOf(read));
    expect(text(copy) === text(doc)).toBe(true);
    expect((await someone.request(path, { headers: { 'if-none-match': etag } })).status).toBe(304);

    copy.getText('text').delete(0, 1);
    const deleted = await someone.request(path, {
      method: 'POST',
      body: syncBody(Y.encodeStateVector(copy), Y.encodeStateAsUpdate(copy, Y.encodeStateVector(doc))),
    });
    expect(deleted.headers.get('etag')).not.toBe(etag);
    await deleted.arrayBuffer();
    const diff = await someone.request(path, {
      method: 'POST',
      body: syncBody(new Uint8Array(), new Uint8Array()),
    });
    const newcomer = new Y.Doc();
    Y.applyUpdate(newcomer, await bytesOf(diff));
    expect(text(newcomer) === text(copy)).toBe(true);
  });

  it('reaches clients on WebSockets at once', async () => {
    const someone = await person();
    const socket = await RawSocket.open(someone, path);
    await syncOver(someone, path, docWith('from http'));
    const { type, update } = read(await socket.next());
    const doc = new Y.Doc();
    Y.applyUpdate(doc, update ?? new Uint8Array());
    expect([type, text(doc)]).toEqual(['update', 'from http']);
  });
});

describe('a room', () => {
  it('that is not there is 404 to a reader and a deleter, and reading it creates nothing', async () => {
    const someone = await person();
    for (const method of ['GET', 'DELETE', 'GET']) {
      const response = await someone.request('/documents/none', { method });
      expect([response.status, response.headers.get('content-type')]).toEqual([
        404,
        'application/problem+json',
      ]);
    }
  });

  it('comes into being by PUT (201, then 200), by POST and by a WebSocket', async () => {
    const someone = await person();
    const put = () => someone.request('/documents/put', { method: 'PUT' });
    expect([(await put()).status, (await put()).status]).toEqual([201, 200]);
    await syncOver(someone, '/documents/post', new Y.Doc());
    await RawSocket.open(someone, '/documents/socket');
    for (const name of ['put', 'post', 'socket']) {
      expect((await someone.request(`/documents/${name}`)).status, name).toBe(200);
    }
  });

  it('that was deleted is 410 to all until its owner recreates it, and deleting it again is 204', async () => {
    const someone = await person();
    await syncOver(someone, '/documents/gone', docWith('old'));
    const remove = () => someone.request('/documents/gone', { method: 'DELETE' });
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 204]);
    expect((await someone.request('/documents/gone')).status).toBe(410);
    expect((await syncOver(someone, '/documents/gone', docWith('old'))).status).toBe(410);
    expect((await someone.request('/documents/gone', { method: 'PUT' })).status).toBe(201);
    const doc = new Y.Doc();
    await syncOver(someone, '/documents/gone', doc);
    expect(text(doc)).toBe('');
  });

  it('of one type is another than that of the same name and the other type', async () => {
    const someone = await person();
    await syncOver(someone, '/documents/same', docWith('x'));
    expect((await someone.request('/workspaces/same')).status).toBe(404);
  });
});
