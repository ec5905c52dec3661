import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { createRegistry } from '../../../../src/worker/registry-port.ts';
import type { SyncReply } from '../../../../src/rooms/sync/sending/sync-reply.ts';
import type { RegistryPort } from '../../../../src/rooms/contract/contract.ts';
import { DocumentRoom } from '../../../../src/rooms/object/document-room.ts';
import { DEFAULT_LIMITS } from '../../../../src/rooms/limits/room-limits.ts';
import { TARGET_PART_BYTES } from '../../../../src/rooms/limits/socket-limits.ts';
import {
  AUTOMATIC_VERSION_INTERVAL_MS,
  MIN_DEDUPLICATED_BYTES,
  QUIET_AFTER_MS,
} from '../../../../src/rooms/limits/storage-limits.ts';
import { Room as RoomOf } from '../../../../src/rooms/object/room.ts';
import { RawSocket, frames } from '../../support/raw-socket.ts';
import {
  createDocWithText,
  createRoomUser,
  type RoomUser,
  getRoomStub,
  syncOverHttp,
} from '../../support/room-app.ts';

const EDITS = 40;
const NOTHING = Y.encodeStateVector(new Y.Doc());

/** Creates a room over an object's storage, with the test's registry and limits. */
class Room extends DocumentRoom<object> {
  constructor(state: DurableObjectState, own: { registry?: RegistryPort; maxRoomBytes?: number }) {
    const { registry = createRegistry(env), maxRoomBytes = DEFAULT_LIMITS.maxRoomBytes } = own;
    super(state, env, registry, { ...DEFAULT_LIMITS, maxRoomBytes });
  }
}

const getStub = (someone: RoomUser) => getRoomStub('document', someone.userId, 'd');
const countRows = ({ storage }: DurableObjectState) =>
  storage.sql.exec<{ rows: number }>('SELECT count(*) AS rows FROM update_log').one().rows;

function getFrames(answer: SyncReply): Uint8Array[] {
  const taken: Uint8Array[] = [];
  while (answer.nextBytes() !== null) taken.push(answer.take());
  return taken;
}

/** A room with typed text. */
async function createTypedRoom(): Promise<{ someone: RoomUser; doc: Y.Doc }> {
  const someone = await createRoomUser();
  const doc = new Y.Doc();
  const socket = await RawSocket.open(someone, '/documents/d');
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (let edit = 0; edit < EDITS; edit++) doc.getText('text').insert(edit, 'x');
  await socket.sendInTurn(updates);
  return { someone, doc };
}

describe('tasks of the alarm', () => {
  it('a registry that never answers does not prevent the compaction', async () => {
    const { someone } = await createTypedRoom();
    await runInDurableObject(getStub(someone), async (_, state) => {
      state.storage.sql.exec('UPDATE update_log SET at = at - ?', QUIET_AFTER_MS);
      const answer = Promise.withResolvers<never>();
      const room = new Room(state, {
        registry: { record: () => answer.promise, remove: () => answer.promise },
      });
      const alarm = room.alarm();
      await vi.waitFor(() => expect(countRows(state)).toBe(1));
      answer.reject(new Error('the registry is back, and has forgotten the question'));
      await alarm;
    });
  });

  it('a version that fails is retried when the next one is due, not at each edit', async () => {
    const { someone, doc } = await createTypedRoom();
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      vi.setSystemTime(Date.now() + AUTOMATIC_VERSION_INTERVAL_MS);
      const failures = () =>
        log.mock.calls.filter((what) => JSON.stringify(what).includes('version_creation_failed')).length;
      const tables = (sql: string) =>
        runInDurableObject(getStub(someone), (_, { storage }) => void storage.sql.exec(sql));
      await tables('CREATE TABLE snapshot (other INTEGER) STRICT');
      for (let ring = 0; ring < 3; ring++) {
        doc.getText('text').insert(0, 'y');
        await syncOverHttp(someone, '/documents/d', doc);
        await runDurableObjectAlarm(getStub(someone));
        expect(failures()).toBe(1);
      }
      await tables('DROP TABLE snapshot');
      vi.setSystemTime(Date.now() + AUTOMATIC_VERSION_INTERVAL_MS);
      await runDurableObjectAlarm(getStub(someone));
      expect(failures()).toBe(1);
      const listed = await someone.request('/documents/d/snapshots');
      expect(await listed.json<unknown[]>()).toHaveLength(1);
    } finally {
      vi.useRealTimers();
      log.mockRestore();
    }
  });

  it('a full room is compacted once before an edit is refused', async () => {
    const { someone, doc } = await createTypedRoom();
    await runInDurableObject(getStub(someone), async (_, state) => {
      const before = countRows(state);
      // As after an operator has lowered ROOM_MAX_BYTES below what the room has.
      const room = new Room(state, { maxRoomBytes: 4_096 });
      const more = Y.encodeStateAsUpdate(createDocWithText('more'));
      expect(room.sync(NOTHING, more, []).kind).toBe('full');
      expect(before).toBe(EDITS);
      expect(countRows(state)).toBe(1);
      await state.storage.deleteAlarm();
      const again = new Room(state, { maxRoomBytes: 4_096 });
      expect(again.sync(NOTHING, more, []).kind).toBe('full');
      expect(await state.storage.getAlarm()).toBeNull();
    });
    await evictDurableObject(getStub(someone));
    const read = new Y.Doc();
    await syncOverHttp(someone, '/documents/d', read);
    expect(read.getText('text').toJSON()).toBe(doc.getText('text').toJSON());
  });
});

it('an edit that exceeds the space of a room does not create one', async () => {
  const someone = await createRoomUser();
  await runInDurableObject(getStub(someone), (_, state) => {
    const room = new Room(state, { maxRoomBytes: 5_000 });
    const tooMuch = Y.encodeStateAsUpdate(createDocWithText('x'.repeat(1_000)));
    expect(room.sync(NOTHING, tooMuch, [])).toEqual({ kind: 'full' });
    expect(room.createWith(tooMuch, false, true)).toEqual({ kind: 'full' });
    expect(room.getDoc([])).toEqual({ kind: 'absent' });
  });
  expect((await someone.request('/documents/d')).status).toBe(404);
});

describe('clients that join a large document together', () => {
  it('share the same bytes in memory, unless they have some content', async () => {
    const { someone, doc } = await createTypedRoom();
    const part = 'y'.repeat(TARGET_PART_BYTES);
    for (let count = 0; count < 3; count++) {
      doc.getText('text').insert(0, part);
      await syncOverHttp(someone, '/documents/d', doc);
    }
    await runInDurableObject(getStub(someone), (_, state) => {
      const room = new RoomOf(state, createRegistry(env), { collectGarbage: false, limits: DEFAULT_LIMITS });
      const join = (stateVector: ReadonlyMap<number, number>) =>
        getFrames(room.syncReplies.create(stateVector));
      const [first, second, typedOffline] = [join(new Map()), join(new Map()), join(new Map([[1, 5]]))];
      expect(first.length).toBeGreaterThan(2);
      for (const [index, frame] of first.entries()) {
        expect(frame === second[index]).toBe(true);
        expect(frame === typedOffline[index]).toBe(true);
      }
      const rest = join(new Map([[doc.clientID, EDITS]]));
      expect(rest.reduce((sum, frame) => sum + frame.byteLength, 0)).toBeLessThan(
        3 * TARGET_PART_BYTES + 200,
      );
      expect(rest[0] === first[0]).toBe(false);
    });
  });

  it('content that a client sends again is stored once, also over a socket', async () => {
    const { someone, doc } = await createTypedRoom();
    doc.getText('text').insert(0, 'y'.repeat(MIN_DEDUPLICATED_BYTES));
    const whole = Y.encodeStateAsUpdate(doc);
    const socket = await RawSocket.open(someone, '/documents/d');
    const size = () => runInDurableObject(getStub(someone), (_, { storage }) => storage.sql.databaseSize);
    socket.send(frames.update(whole));
    await socket.waitUntilHandled();
    const once = await size();
    for (let again = 0; again < 4; again++) socket.send(frames.update(whole));
    await socket.waitUntilHandled();
    expect(await size()).toBe(once);
  });
});
