import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { createRandom } from '../../../../scripts/lib/random.ts';
import type { LiveRoom } from '../../../../src/rooms/contract/description.ts';
import { RawSocket, frames, join } from '../../support/raw-socket.ts';
import {
  type RoomUser,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
  syncOverHttp,
} from '../../support/room-app.ts';

const MAX_BYTES = 400_000;
/** The size of an empty room and of partly filled pages. */
const OVERHEAD_BYTES = 60_000;

type Type = 'workspace' | 'document';
const TYPES = ['workspace', 'document'] as const;

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());

/** Sets a small limit while the room is awake. On a slow machine it may hibernate between two calls. */
async function setLimit(someone: RoomUser, type: Type, bytes = MAX_BYTES): Promise<void> {
  await runInDurableObject(getRoomStub(type, someone.userId, 'r'), (instance) => {
    const room: unknown = Reflect.get(instance, 'room');
    if (typeof room !== 'object' || room === null) throw new Error('no room');
    const limits: unknown = Reflect.get(room, 'limits');
    if (typeof limits !== 'object' || limits === null) throw new Error('no limits');
    Reflect.set(limits, 'maxRoomBytes', bytes);
  });
}

async function readStored(someone: RoomUser, type: Type): Promise<Y.Doc> {
  const doc = new Y.Doc();
  const response = await someone.request(`/${type}s/r`);
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  return doc;
}

const getText = (doc: Y.Doc): string => doc.getText('text').toJSON();

async function describeLive(someone: RoomUser, type: Type): Promise<LiveRoom> {
  const description = await getRoomStub(type, someone.userId, 'r').describe();
  if (description.kind !== 'live') throw new Error(description.kind);
  return structuredClone(description) as LiveRoom;
}

/** A room with a text of N characters, and a client's copy. */
async function createRoomWith(type: Type, characters: number): Promise<{ someone: RoomUser; doc: Y.Doc }> {
  const someone = await createRoomUser();
  const doc = new Y.Doc({ gc: type === 'workspace' });
  doc.getText('text').insert(0, 'a'.repeat(characters));
  expect((await syncOverHttp(someone, `/${type}s/r`, doc)).ok).toBe(true);
  await setLimit(someone, type);
  return { someone, doc };
}

/** The update of a client that was offline: all of its edits at once. */
function replace(doc: Y.Doc, deleted: number, inserted: string): void {
  doc.getText('text').delete(0, deleted);
  doc.getText('text').insert(doc.getText('text').length, inserted);
}

describe('in a full workspace', () => {
  it('an update that deletes as much as it inserts is stored, over HTTP', async () => {
    const { someone, doc } = await createRoomWith('workspace', 350_000);
    replace(doc, 340_000, 'b'.repeat(340_000));
    expect((await syncOverHttp(someone, '/workspaces/r', doc)).ok).toBe(true);
    expect(getText(await readStored(someone, 'workspace'))).toBe(getText(doc));
  });

  it('an update that deletes as much as it inserts is stored over a socket and relayed', async () => {
    const { someone, doc } = await createRoomWith('workspace', 350_000);
    const [writer, reader] = [
      await RawSocket.open(someone, '/workspaces/r'),
      await RawSocket.open(someone, '/workspaces/r'),
    ];
    const peer = await join(reader);
    replace(doc, 340_000, 'b'.repeat(340_000));
    writer.send(frames.update(Y.encodeStateAsUpdate(doc)));
    await writer.waitUntilHandled();
    expect(getText(await join(reader, peer))).toBe(getText(doc));
    expect(getText(await readStored(someone, 'workspace'))).toBe(getText(doc));
  });

  it('a refused update is accepted once its client has deleted more', async () => {
    const { someone, doc } = await createRoomWith('workspace', 350_000);
    replace(doc, 10_000, 'b'.repeat(300_000));
    const writer = await RawSocket.open(someone, '/workspaces/r');
    writer.send(frames.update(Y.encodeStateAsUpdate(doc)));
    expect((await writer.closed).code).toBe(4413);
    expect(getText(await readStored(someone, 'workspace')), 'its deletions are stored').toBe(
      'a'.repeat(340_000),
    );
    doc.getText('text').delete(0, 300_000);
    const again = await RawSocket.open(someone, '/workspaces/r');
    again.send(frames.update(Y.encodeStateAsUpdate(doc)));
    await again.waitUntilHandled();
    expect(getText(await readStored(someone, 'workspace'))).toBe(getText(doc));
  });

  it('the page says that edits are refused until they would fit again', async () => {
    const { someone, doc } = await createRoomWith('workspace', 350_000);
    expect((await describeLive(someone, 'workspace')).refusal).toBeNull();
    const other = new Y.Doc();
    other.getText('other').insert(0, 'c'.repeat(100_000));
    expect((await syncOverHttp(someone, '/workspaces/r', other)).status).toBe(413);
    const { refusal } = await describeLive(someone, 'workspace');
    expect(refusal?.bytes).toBeGreaterThan(100_000);
    await evictDurableObject(getRoomStub('workspace', someone.userId, 'r'));
    await setLimit(someone, 'workspace');
    expect((await describeLive(someone, 'workspace')).refusal).toEqual(refusal);
    doc.getText('text').delete(0, 200_000);
    await syncOverHttp(someone, '/workspaces/r', doc);
    await getRoomStub('workspace', someone.userId, 'r').compact();
    expect((await describeLive(someone, 'workspace')).refusal).toBeNull();
  });
});

describe('in a full document', () => {
  it('the deletions of an update are stored and its inserts are refused, with advice for a document', async () => {
    const { someone, doc } = await createRoomWith('document', 350_000);
    const reader = await RawSocket.open(someone, '/documents/r');
    const peer = await join(reader);
    replace(doc, 340_000, 'b'.repeat(340_000));
    const response = await someone.request('/documents/r', {
      method: 'POST',
      body: encodeSyncBody(Y.encodeStateVector(doc), Y.encodeStateAsUpdate(doc)),
    });
    expect(response.status).toBe(413);
    const { detail } = await response.json<{ detail: string }>();
    expect(detail).toContain('its deletions are');
    expect(detail).toContain('move content to another room');
    expect(getText(await join(reader, peer))).toBe('a'.repeat(10_000));

    const small = await readStored(someone, 'document');
    small.getText('text').insert(0, 'fits');
    expect((await syncOverHttp(someone, '/documents/r', small)).ok).toBe(true);
  });

  it('the overhead of many keystrokes does not cause a refusal', async () => {
    const { someone } = await createRoomWith('document', 100_000);
    const writer = await RawSocket.open(someone, '/documents/r');
    const doc = await join(writer);
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (let index = 0; index < 500; index++) doc.getText('text').insert(index, 'k');
    // So that they are stored separately.
    await runInDurableObject(getRoomStub('document', someone.userId, 'r'), (instance) => {
      for (const update of updates) instance.sync(new Uint8Array([0]), update, []);
    });
    const { storageBytes } = await describeLive(someone, 'document');
    await setLimit(someone, 'document', storageBytes + 1_000);
    doc.getText('text').insert(0, 'b'.repeat(5_000));
    expect((await syncOverHttp(someone, '/documents/r', doc)).ok).toBe(true);
  });

  it('a version is restored completely or not at all', async () => {
    const { someone, doc } = await createRoomWith('document', 350_000);
    const made = await someone.request('/documents/r/snapshots', { method: 'POST' });
    const { id } = await made.json<{ id: string }>();
    replace(doc, 350_000, 'now');
    expect((await syncOverHttp(someone, '/documents/r', doc)).ok).toBe(true);
    await setLimit(someone, 'document');
    const restored = await someone.request(`/documents/r/snapshots/${id}/restore`, { method: 'POST' });
    expect(restored.status).toBe(413);
    expect((await restored.json<{ detail: string }>()).detail).toContain('Nothing was changed');
    expect(getText(await readStored(someone, 'document'))).toBe('now');
  });
});

it.each(TYPES)('a full %s accepts content that it has already', async (type) => {
  const { someone, doc } = await createRoomWith(type, 350_000);
  const writer = await RawSocket.open(someone, `/${type}s/r`);
  writer.send(frames.update(Y.encodeStateAsUpdate(doc)));
  await writer.waitUntilHandled();
  expect((await syncOverHttp(someone, `/${type}s/r`, doc)).ok).toBe(true);
});

/** One random edit of a client's copy. */
function editRandomly(doc: Y.Doc, random: () => number): void {
  const text = doc.getText('text');
  const below = (bound: number) => Math.floor(random() * bound);
  const what = below(5);
  if (what < 3) text.insert(below(text.length + 1), 'xyz'[below(3)]?.repeat(1 + below(120_000)) ?? '');
  else if (what < 4) {
    const from = below(text.length);
    text.delete(from, below(Math.floor(text.length / 2) + 1) % (text.length - from + 1));
  } else doc.getMap('map').set(`key ${below(5)}`, 'v'.repeat(below(20_000)));
}

it('a workspace refuses no edit of a document that fits, whatever its history', async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
  console.log(`seed ${seed}`);
  const random = createRandom(seed);
  let refusals = 0;
  for (let history = 0; history < 4; history++) {
    const someone = await createRoomUser();
    const doc = new Y.Doc();
    await syncOverHttp(someone, '/workspaces/r', doc);
    for (let step = 0; step < 25; step++) {
      for (let edits = 1 + Math.floor(random() * 4); edits > 0; edits--) editRandomly(doc, random);
      await setLimit(someone, 'workspace');
      // The user deletes content after a refusal.
      const isSent = await send(someone, doc, random() < 0.5);
      const fits = Y.encodeStateAsUpdate(doc).byteLength + OVERHEAD_BYTES <= MAX_BYTES;
      if (fits) expect(isSent, `seed ${seed}, history ${history}, step ${step}`).toBe(true);
      if (!isSent) {
        refusals += 1;
        const text = doc.getText('text');
        if (random() < 0.5) text.delete(0, Math.floor(text.length * random()));
        continue;
      }
      const room = await readStored(someone, 'workspace');
      expect(getText(room) === getText(doc), `seed ${seed}, history ${history}, step ${step}`).toBe(true);
      expect(room.getMap('map').toJSON()).toEqual(doc.getMap('map').toJSON());
    }
  }
  expect(refusals, 'a room that was never full shows nothing').toBeGreaterThan(0);
});

/** @returns whether the update was stored */
async function send(someone: RoomUser, doc: Y.Doc, overHttp: boolean): Promise<boolean> {
  if (overHttp) return (await syncOverHttp(someone, '/workspaces/r', doc)).status < 300;
  const socket = await RawSocket.open(someone, '/workspaces/r');
  await join(socket, doc);
  const known = Y.encodeStateVector(await readStored(someone, 'workspace'));
  socket.send(frames.update(Y.encodeStateAsUpdate(doc, known)));
  const isStored = await Promise.race([
    socket.waitUntilHandled().then(
      () => true,
      () => false,
    ),
    socket.closed.then(() => false),
  ]);
  if (isStored) socket.socket.close(1000);
  return isStored;
}
