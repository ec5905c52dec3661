import { expect, it } from 'vitest';
import * as Y from 'yjs';
import { DEFAULT_LIMITS } from '../../../src/rooms/limits.ts';
import { RawSocket, frames } from '../support/raw-socket.ts';
import { docWith, person, syncBody } from '../support/room-app.ts';

it('a room that has no space left says so, keeps what it has, and lets deletions in', async () => {
  const someone = await person();
  const post = (update: Uint8Array) =>
    someone.request('/documents/d', { method: 'POST', body: syncBody(new Uint8Array(), update) });
  const third = DEFAULT_LIMITS.maxRoomBytes / 3;
  const first = docWith('x'.repeat(third));
  expect((await post(Y.encodeStateAsUpdate(first))).status).toBe(200);
  const bystander = await RawSocket.open(someone, '/documents/d');
  expect((await post(Y.encodeStateAsUpdate(docWith('y'.repeat(third))))).status).toBe(200);
  await bystander.untilHandled();

  const tooMuch = Y.encodeStateAsUpdate(docWith('z'.repeat(third)));
  const refused = await post(tooMuch);
  expect(refused.status).toBe(413);
  expect((await refused.json<{ detail: string }>()).detail).toContain('A room may store 42000000 bytes');
  const writer = await RawSocket.open(someone, '/documents/d');
  writer.send(frames.update(tooMuch));
  expect((await writer.closed).code).toBe(4413);
  expect(await bystander.untilHandled(), 'nobody sees what is not stored').toEqual([]);

  const known = Y.encodeStateVector(first);
  first.getText('text').delete(0, 5);
  expect((await post(Y.encodeStateAsUpdate(first, known))).status).toBe(200);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await (await someone.request('/documents/d')).arrayBuffer()));
  expect(doc.getText('text').length).toBe(2 * third - 5);
});
