import { runDurableObjectAlarm } from 'cloudflare:test';
import * as encoding from 'lib0/encoding';
import { expect, it } from 'vitest';
import * as Y from 'yjs';
import { DEFAULT_LIMITS, MAX_EXTRA_DELETION_BYTES } from '../../../../src/rooms/limits/room-limits.ts';
import { RawSocket, frames } from '../../support/raw-socket.ts';
import { createDocWithText, createRoomUser, getRoomStub, encodeSyncBody } from '../../support/room-app.ts';

it('a full room refuses inserts, keeps its content, and accepts deletions', async () => {
  const someone = await createRoomUser();
  const post = (update: Uint8Array) =>
    someone.request('/documents/d', { method: 'POST', body: encodeSyncBody(new Uint8Array(), update) });
  const third = DEFAULT_LIMITS.maxRoomBytes / 3;
  const first = createDocWithText('x'.repeat(third));
  expect((await post(Y.encodeStateAsUpdate(first))).status).toBe(200);
  const bystander = await RawSocket.open(someone, '/documents/d');
  expect((await post(Y.encodeStateAsUpdate(createDocWithText('y'.repeat(third))))).status).toBe(200);
  await bystander.waitUntilHandled();

  const tooMuch = Y.encodeStateAsUpdate(createDocWithText('z'.repeat(third)));
  const refused = await post(tooMuch);
  expect(refused.status).toBe(413);
  expect((await refused.json<{ detail: string }>()).detail).toContain('it may store 42000000 bytes');
  const writer = await RawSocket.open(someone, '/documents/d');
  writer.send(frames.update(tooMuch));
  expect((await writer.closed).code).toBe(4413);
  const seen = await bystander.waitUntilHandled();
  expect(seen.filter(hasContent), 'no client sees what is not stored').toEqual([]);

  const known = Y.encodeStateVector(first);
  first.getText('text').delete(0, 5);
  expect((await post(Y.encodeStateAsUpdate(first, known))).status).toBe(200);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await (await someone.request('/documents/d')).arrayBuffer()));
  expect(doc.getText('text').length).toBe(2 * third - 5);
});

it('a full room accepts deletions up to a limit', async () => {
  const someone = await createRoomUser();
  const writer = await RawSocket.open(someone, '/documents/d');
  const third = DEFAULT_LIMITS.maxRoomBytes / 3 - 100_000;
  for (const letter of ['x', 'y', 'z']) {
    writer.send(frames.update(Y.encodeStateAsUpdate(createDocWithText(letter.repeat(third)))));
  }
  await writer.waitUntilHandled();
  for (let bytes = 0, client = 1; bytes <= MAX_EXTRA_DELETION_BYTES + 300_000; client++) {
    const deletions = createDeletions(client, 100_000);
    writer.send(frames.update(deletions));
    bytes += deletions.byteLength;
  }
  expect((await writer.closed).code).toBe(4413);
});

/** The room may send a step 1 (type 0, step 0) to a client that was sent much. */
const hasContent = ([type, step]: Uint8Array) => type !== 0 || step !== 0;

function createDeletions(client: number, ranges: number): Uint8Array {
  return encoding.encode((encoder) => {
    for (const value of [0, 1, client, ranges]) encoding.writeVarUint(encoder, value);
    for (let range = 0; range < ranges; range++) {
      encoding.writeVarUint(encoder, 2 * range);
      encoding.writeVarUint(encoder, 1);
    }
  });
}

it.each([
  ['a value of a map', 430, 100_000, (doc: Y.Doc, value: string) => doc.getMap('map').set('key', value)],
  [
    'a long text',
    9,
    5_500_000,
    (doc: Y.Doc, value: string) => {
      const text = doc.getText('text');
      text.delete(0, text.length);
      text.insert(0, value);
    },
  ],
])(
  'overwritten values do not fill a workspace, even without a quiet moment: %s',
  async (_, times, length, write) => {
    const someone = await createRoomUser();
    const stub = getRoomStub('workspace', someone.userId, 'w');
    const socket = await RawSocket.open(someone, '/workspaces/w');
    const doc = new Y.Doc();
    for (let time = 0; time < times; time++) {
      const before = Y.encodeStateVector(doc);
      doc.transact(() => write(doc, String.fromCodePoint(97 + (time % 26)).repeat(length)));
      socket.send(frames.update(Y.encodeStateAsUpdate(doc, before)));
      // Alarms fire when they are due, also under load.
      if ((time * length) % 1_000_000 < length) {
        await socket.waitUntilHandled();
        await runDurableObjectAlarm(stub);
      }
    }
    const isOpen = await Promise.race([
      socket.waitUntilHandled().then(() => true),
      socket.closed.then(() => false),
    ]);
    expect(isOpen).toBe(true);
    expect(await stub.getDoc([])).toHaveProperty(
      'storageBytes',
      expect.toSatisfy((n: number) => n < 13_000_000),
    );
  },
);
