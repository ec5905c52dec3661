import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { z } from 'zod';
import { createIncarnation } from '../../../../src/domain/incarnation.ts';
import { DEFAULT_LIMITS } from '../../../../src/rooms/limits/room-limits.ts';
import {
  createDocWithText,
  type RoomUser,
  createRoomUser,
  getRoomStub,
  syncOverHttp,
} from '../../support/room-app.ts';

const Created = z.object({ incarnation: z.string() });

const put = (user: RoomUser, path: string, body: BodyInit) => user.request(path, { method: 'PUT', body });
const remove = (user: RoomUser, path: string) => user.request(path, { method: 'DELETE' });

async function readStoredText(user: RoomUser, path: string): Promise<string> {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await (await user.request(path)).arrayBuffer()));
  return doc.getText('text').toJSON();
}

describe.each(['workspace', 'document'] as const)('a PUT of a %s with a body', (type) => {
  const path = `/${type}s/imported`;

  it('creates the room with that content', async () => {
    const user = await createRoomUser();
    const created = await put(user, path, Y.encodeStateAsUpdate(createDocWithText('imported')));
    expect(created.status).toBe(201);
    expect(await created.json()).toMatchObject({
      resourceName: 'imported',
      incarnation: created.headers.get('room-incarnation'),
    });
    expect(await readStoredText(user, path)).toBe('imported');
  });

  it('answers 409 if the room exists, even empty, and changes nothing', async () => {
    const user = await createRoomUser();
    expect((await user.request(path, { method: 'PUT' })).status).toBe(201);
    for (const text of ['', 'first']) {
      if (text !== '') await syncOverHttp(user, path, createDocWithText(text));
      const refused = await put(user, path, Y.encodeStateAsUpdate(createDocWithText('second')));
      expect(refused.status).toBe(409);
      expect(refused.headers.get('content-type')).toBe('application/problem+json');
      expect(await readStoredText(user, path)).toBe(text);
    }
    expect((await user.request(path, { method: 'PUT' })).status).toBe(200);
  });

  it('answers 409 when it is repeated, with stored: true', async () => {
    const user = await createRoomUser();
    const doc = createDocWithText('imported');
    doc.getText('text').delete(0, 2);
    const body = Y.encodeStateAsUpdate(doc);
    const created = await put(user, path, body);
    expect(created.status).toBe(201);
    const { incarnation } = await Created.parseAsync(await created.json());
    // Later edits of other clients make no difference.
    await syncOverHttp(user, path, createDocWithText(' later'));

    const again = await put(user, path, body);
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ stored: true, incarnation });
    expect(again.headers.get('room-incarnation')).toBe(incarnation);
    const read = await user.request(path);
    expect(again.headers.get('etag')).toBe(read.headers.get('etag'));
    expect(again.headers.get('yjs-state-vector')).toBe(read.headers.get('yjs-state-vector'));
  });

  it.each<[string, (doc: Y.Doc) => void]>([
    ['an insert', (doc) => doc.getText('text').insert(0, 'more ')],
    ['a deletion', (doc) => doc.getText('text').delete(0, 1)],
  ])('answers 409 with stored: false if only %s of it is missing', async (_what, edit) => {
    const user = await createRoomUser();
    const doc = createDocWithText('imported');
    expect((await put(user, path, Y.encodeStateAsUpdate(doc))).status).toBe(201);
    edit(doc);
    const other = await put(user, path, Y.encodeStateAsUpdate(doc));
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ stored: false });
    expect(await readStoredText(user, path)).toBe('imported');
  });

  it('creates the room once although the Worker repeats a call whose result was lost', async () => {
    const user = await createRoomUser();
    const stub = getRoomStub(type, user.userId, 'imported');
    const update = Y.encodeStateAsUpdate(createDocWithText('imported'));
    const [own, other] = [createIncarnation(), createIncarnation()];
    const first = await stub.createWith(update, false, true, own);
    expect(first).toMatchObject({ kind: 'reached', created: true, incarnation: own });
    // The first attempt of another request has `mayCreate` false.
    for (const mayCreate of [true, false]) {
      const again = await stub.createWith(update, false, mayCreate, own);
      expect(again).toMatchObject({ kind: 'reached', created: true, incarnation: own });
      const foreign = await stub.createWith(update, false, mayCreate, other);
      expect(foreign).toMatchObject({ kind: 'exists', isStored: true, incarnation: own });
    }
    expect(await stub.create(false, false, own)).toMatchObject({ created: true });
    expect(await stub.create(false, false, other)).toMatchObject({ created: false });
    expect(await readStoredText(user, path)).toBe('imported');
  });

  it.each<[number, string, BodyInit]>([
    [400, 'a body that is not an update', 'hello'],
    [400, 'JSON', '{}'],
    [413, 'an update over the limit', new Uint8Array(DEFAULT_LIMITS.maxPayloadBytes + 1)],
  ])('answers %i for %s, and creates nothing', async (status, _what, body) => {
    const user = await createRoomUser();
    expect((await put(user, path, body)).status).toBe(status);
    expect((await user.request(path)).status).toBe(404);
  });

  it('recreates a deleted room with new content, and with its old content only with readmit=true', async () => {
    const user = await createRoomUser();
    const old = createDocWithText('old');
    await syncOverHttp(user, path, old);
    expect((await remove(user, path)).status).toBe(204);
    expect((await put(user, path, Y.encodeStateAsUpdate(old))).status).toBe(409);
    expect((await user.request(path)).status).toBe(410);
    expect((await put(user, `${path}?readmit=true`, Y.encodeStateAsUpdate(old))).status).toBe(201);
    expect(await readStoredText(user, path)).toBe('old');
    expect((await remove(user, path)).status).toBe(204);
    expect((await put(user, path, Y.encodeStateAsUpdate(createDocWithText('new')))).status).toBe(201);
    expect(await readStoredText(user, path)).toBe('new');
  });
});
