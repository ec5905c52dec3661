import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import * as Y from 'yjs';
import { COMPACT_QUIET_AFTER_UPDATES, QUIET_AFTER_MS } from '../../../../src/rooms/limits/storage-limits.ts';
import { type RawSocket, RawSocket as Socket, join } from '../../support/raw-socket.ts';
import { createRoomUser, getRoomStub } from '../../support/room-app.ts';

const UPDATES = COMPACT_QUIET_AFTER_UPDATES + 8;

async function type(socket: RawSocket, doc: Y.Doc, times: number): Promise<void> {
  for (let index = 0; index < times; index++) {
    const before = Y.encodeStateVector(doc);
    doc.getText('text').insert(doc.getText('text').length, 'x');
    await socket.sendInTurn([Y.encodeStateAsUpdate(doc, before)]);
  }
}

it('a compaction that resets its object is not retried before the log is twice as long', async () => {
  const someone = await createRoomUser();
  const getStub = () => getRoomStub('document', someone.userId, 'd');
  const listRows = () =>
    runInDurableObject(
      getStub(),
      (_, { storage }) => storage.sql.exec('SELECT id FROM update_log').toArray().length,
    );
  /** Makes all edits older, so that the room is quiet. */
  const makeQuiet = () =>
    runInDurableObject(getStub(), (_, { storage }) => {
      storage.sql.exec('UPDATE update_log SET at = at - ?', QUIET_AFTER_MS);
    });
  const doc = new Y.Doc();
  await type(await Socket.open(someone, '/documents/d'), doc, UPDATES);
  await makeQuiet();

  // The object is reset when the document would be built.
  const died = runInDurableObject(getStub(), async (instance, state) => {
    const sync = state.storage.sync.bind(state.storage);
    Object.defineProperty(state.storage, 'sync', {
      value: async () => {
        await sync();
        state.abort('the object has exceeded its memory');
      },
    });
    await instance.alarm();
  });
  await expect(died).rejects.toThrow('exceeded its memory');

  expect(await listRows()).toBe(UPDATES);
  await runDurableObjectAlarm(getStub());
  expect(await listRows(), 'not tried again').toBe(UPDATES);
  const socket = await Socket.open(someone, '/documents/d');
  expect((await join(socket)).getText('text').toJSON()).toBe('x'.repeat(UPDATES));

  await type(socket, doc, UPDATES - 1);
  await makeQuiet();
  await runDurableObjectAlarm(getStub());
  expect(await listRows(), 'not yet').toBe(2 * UPDATES - 1);

  // The first row counts as the compacted one.
  await type(socket, doc, 2);
  await makeQuiet();
  await runDurableObjectAlarm(getStub());
  expect(await listRows(), 'tried again').toBe(1);
  await evictDurableObject(getStub());
  const later = await join(await Socket.open(someone, '/documents/d'));
  expect(later.getText('text').toJSON()).toBe('x'.repeat(2 * UPDATES + 1));
});

it('compaction does not change the time of the last edit', async () => {
  const someone = await createRoomUser();
  const stub = getRoomStub('workspace', someone.userId, 'w');
  await type(await Socket.open(someone, '/workspaces/w'), new Y.Doc(), UPDATES);
  const readLastEditAt = () =>
    runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec('UPDATE update_log SET at = 1790000000000 + id WHERE at > 1790000001000');
      return storage.sql.exec<{ at: number }>('SELECT max(at) AS at FROM update_log').one().at;
    });
  const before = await readLastEditAt();
  await runDurableObjectAlarm(stub);
  expect(
    await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec<{ at: number }>('SELECT at FROM update_log').toArray(),
    ),
  ).toEqual([{ at: before }]);
});
