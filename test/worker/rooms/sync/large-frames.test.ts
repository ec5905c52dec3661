import { expect, it } from 'vitest';
import * as Y from 'yjs';
import { MAX_BODY_BYTES, MAX_PLATFORM_MESSAGE_BYTES } from '../../../../src/rooms/limits/room-limits.ts';
import { RawSocket, frames } from '../../support/raw-socket.ts';
import { createDocWithText, createRoomUser, encodeSyncBody } from '../../support/room-app.ts';

const PATH = '/documents/d';
const FRAME_OVERHEAD_BYTES = 6;

/** A document with many offline edits, some of them deletions. */
function createOfflineDoc(bytes: number): Y.Doc {
  const doc = new Y.Doc();
  const [text, page] = [doc.getText('text'), 'x'.repeat(10_000)];
  for (let written = 0; written < bytes; written += page.length) {
    text.insert(0, page);
    text.insert(5, 'gone');
    text.delete(5, 4);
  }
  return doc;
}

/** A document whose update has exactly `bytes` bytes. */
function createDocOfSize(bytes: number): Y.Doc {
  const overhead =
    Y.encodeStateAsUpdate(createDocWithText('x'.repeat(bytes - 100))).byteLength - (bytes - 100);
  const doc = createDocWithText('x'.repeat(bytes - overhead));
  doc.clientID = 2 ** 31;
  return doc;
}

it('a step 2 with 20 MiB of offline edits is stored and acknowledged', async () => {
  const user = await createRoomUser();
  const writer = await RawSocket.open(user, PATH);
  const doc = createOfflineDoc(20 * 1024 * 1024);
  const update = Y.encodeStateAsUpdate(doc);
  expect(update.byteLength).toBeGreaterThan(16 * 1024 * 1024);
  writer.send(frames.step2(update));
  await writer.waitUntilHandled();
  const stored = new Uint8Array(await (await user.request(PATH)).arrayBuffer());
  expect(Y.encodeStateVectorFromUpdate(stored)).toEqual(Y.encodeStateVector(doc));
});

it('the largest message of the platform and the largest allowed body are stored', async () => {
  const user = await createRoomUser();
  const writer = await RawSocket.open(user, PATH);
  const update = Y.encodeStateAsUpdate(
    createDocOfSize(MAX_PLATFORM_MESSAGE_BYTES - FRAME_OVERHEAD_BYTES - 20),
  );
  const frame = frames.update(update);
  expect(MAX_PLATFORM_MESSAGE_BYTES - frame.byteLength).toBeLessThan(100);
  writer.send(frame);
  await writer.waitUntilHandled();
  const body = encodeSyncBody(new Uint8Array(), Y.encodeStateAsUpdate(createDocOfSize(MAX_BODY_BYTES - 100)));
  const posted = await user.request('/documents/posted', { method: 'POST', body });
  expect(posted.status).toBe(200);
  await posted.body?.cancel();
});
