import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { DEFAULT_LIMITS } from '../../../src/rooms/limits.ts';
import { docWith, type Person, person, syncOver } from '../support/room-app.ts';

const put = (someone: Person, path: string, body: BodyInit) => someone.request(path, { method: 'PUT', body });
const remove = (someone: Person, path: string) => someone.request(path, { method: 'DELETE' });

async function stored(someone: Person, path: string): Promise<string> {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await (await someone.request(path)).arrayBuffer()));
  return doc.getText('text').toJSON();
}

describe.each(['workspace', 'document'] as const)('a PUT of a %s with a body', (type) => {
  const path = `/${type}s/imported`;

  it('creates it with that content', async () => {
    const someone = await person();
    const created = await put(someone, path, Y.encodeStateAsUpdate(docWith('imported')));
    expect(created.status).toBe(201);
    expect(await created.json()).toMatchObject({
      resourceName: 'imported',
      incarnation: created.headers.get('room-incarnation'),
    });
    expect(await stored(someone, path)).toBe('imported');
  });

  it('is 409 where it exists, also empty, and changes nothing', async () => {
    const someone = await person();
    expect((await someone.request(path, { method: 'PUT' })).status).toBe(201);
    for (const text of ['', 'first']) {
      if (text !== '') await syncOver(someone, path, docWith(text));
      const refused = await put(someone, path, Y.encodeStateAsUpdate(docWith('second')));
      expect(refused.status).toBe(409);
      expect(refused.headers.get('content-type')).toBe('application/problem+json');
      expect(await stored(someone, path)).toBe(text);
    }
    expect((await someone.request(path, { method: 'PUT' })).status).toBe(200);
  });

  it.each<[number, string, BodyInit]>([
    [400, 'no update', 'hello'],
    [400, 'JSON', '{}'],
    [413, 'more than an update may have', new Uint8Array(DEFAULT_LIMITS.maxPayloadBytes + 1)],
  ])('is %i for %s, and creates nothing', async (status, _what, body) => {
    const someone = await person();
    expect((await put(someone, path, body)).status).toBe(status);
    expect((await someone.request(path)).status).toBe(404);
  });

  it('recreates a deleted one with new content, and with its own old content only if that may come back', async () => {
    const someone = await person();
    const old = docWith('old');
    await syncOver(someone, path, old);
    expect((await remove(someone, path)).status).toBe(204);
    expect((await put(someone, path, Y.encodeStateAsUpdate(old))).status).toBe(409);
    expect((await someone.request(path)).status).toBe(410);
    expect((await put(someone, `${path}?readmit=true`, Y.encodeStateAsUpdate(old))).status).toBe(201);
    expect(await stored(someone, path)).toBe('old');
    expect((await remove(someone, path)).status).toBe(204);
    expect((await put(someone, path, Y.encodeStateAsUpdate(docWith('new')))).status).toBe(201);
    expect(await stored(someone, path)).toBe('new');
  });
});
