import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { StructReader } from '../../../../src/yjs/structs/struct-reader.ts';
import { RawSocket, frames, join } from '../../support/raw-socket.ts';
import { createDocWithText, createRoomUser, encodeSyncBody } from '../../support/room-app.ts';

/** The records that rooms log during a test. */
let logged: unknown[] = [];

beforeEach(() => {
  logged = [];
  vi.spyOn(console, 'error').mockImplementation((record: unknown) => {
    logged.push(record);
  });
});
afterEach(() => vi.restoreAllMocks());

const UPDATE = Y.encodeStateAsUpdate(createDocWithText('a secret text'));
const MALFORMED = new Uint8Array([1, 1, 1, 0, 4, 1]);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Makes the reader fail as with a bug, not with malformed input. */
function breakReader() {
  return vi.spyOn(StructReader.prototype, 'next').mockImplementation(() => {
    throw new TypeError('undefined is not an object');
  });
}

it('an internal error of the parser closes the socket with 1013 and logs size and hash of the message', async () => {
  const user = await createRoomUser();
  const socket = await RawSocket.open(user, '/documents/r');
  const reader = breakReader();
  const message = frames.update(UPDATE);
  socket.send(message);
  expect((await socket.closed).code).toBe(1013);
  expect(logged).toEqual([
    expect.objectContaining({
      event: 'message_failed',
      bytes: message.byteLength,
      sha256: sha256(message),
      error: 'TypeError: undefined is not an object',
    }),
  ]);
  expect(JSON.stringify(logged)).not.toContain('secret');

  reader.mockRestore();
  const again = await RawSocket.open(user, '/documents/r');
  again.send(message);
  expect((await join(again)).getText('text').toJSON()).toBe('a secret text');
});

it('an internal error of the parser answers 503 over HTTP and logs size and hash of the update', async () => {
  const user = await createRoomUser();
  await user.request('/documents/r', { method: 'PUT' });
  breakReader();
  const response = await user.request('/documents/r', {
    method: 'POST',
    body: encodeSyncBody(new Uint8Array(), UPDATE),
  });
  expect(response.status).toBe(503);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('retry-after')).not.toBeNull();
  expect(logged).toContainEqual(
    expect.objectContaining({
      event: 'update_check_failed',
      bytes: UPDATE.byteLength,
      sha256: sha256(UPDATE),
    }),
  );
  expect(JSON.stringify(logged)).not.toContain('secret');
});

it('malformed input is refused with 4400 or 400 and not logged as an error', async () => {
  const user = await createRoomUser();
  const socket = await RawSocket.open(user, '/documents/r');
  socket.send(frames.update(MALFORMED));
  expect((await socket.closed).code).toBe(4400);
  const response = await user.request('/documents/r', {
    method: 'POST',
    body: encodeSyncBody(new Uint8Array(), MALFORMED),
  });
  expect(response.status).toBe(400);
  expect(logged).toEqual([]);
});

it('a value nested too deeply is refused as malformed, not as an internal error', async () => {
  const user = await createRoomUser();
  const doc = new Y.Doc();
  doc.getMap('map').set('key', [[['x']]]);
  const update = Y.encodeStateAsUpdate(doc);
  // An array of one value is encoded as 117 1. This many of them exceed the stack.
  const at = update.findIndex((byte, index) => byte === 117 && update[index + 1] === 1);
  const deep = new Uint8Array(update.length + 400_000);
  deep.set(update.subarray(0, at));
  for (let index = at; index < at + 400_000; index += 2) deep.set([117, 1], index);
  deep.set(update.subarray(at), at + 400_000);
  const socket = await RawSocket.open(user, '/documents/r');
  socket.send(frames.update(deep));
  expect((await socket.closed).code).toBe(4400);
  expect(logged).toEqual([]);
});
