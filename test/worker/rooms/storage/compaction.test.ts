import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it, type MockInstance, vi } from 'vitest';
import * as Y from 'yjs';
import { ByteWriter } from '../../../../src/yjs/structs/byte-writer.ts';
import { compact } from '../../../yjs/compact-bytes.ts';
import { ContentIndex } from '../../../../src/yjs/content-index.ts';
import { StructJoiner } from '../../../../src/yjs/structs/join-structs.ts';
import { COMPACT_QUIET_AFTER_UPDATES, QUIET_AFTER_MS } from '../../../../src/rooms/limits/storage-limits.ts';
import { frames, join, RawSocket } from '../../support/raw-socket.ts';
import {
  type RoomUser,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
  syncOverHttp,
} from '../../support/room-app.ts';

type Cursor = SqlStorageCursor<Record<string, SqlStorageValue>>;

const NOTHING = Y.encodeStateVector(new Y.Doc());
const getText = (doc: Y.Doc): string => doc.getText('text').toJSON();

/** A text, partly deleted, and its updates. */
function createTypedDoc(parts: number, part: string): { doc: Y.Doc; updates: Uint8Array[] } {
  const doc = new Y.Doc({ gc: false });
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const text = doc.getText('text');
  for (let index = 0; index < parts; index++) text.insert(text.length, `${index}${part}`);
  text.delete(1, part.length * 2);
  return { doc, updates };
}

const readRegistryBytes = (someone: RoomUser) =>
  env.DB.prepare('SELECT storage_bytes FROM durable_object_instance WHERE user_id = ?')
    .bind(someone.userId)
    .first<number>('storage_bytes');

describe.each(['workspace', 'document'] as const)('compaction of a %s', (type) => {
  const path = `/${type}s/r`;
  const getStub = (someone: RoomUser) => getRoomStub(type, someone.userId, 'r');

  const readStored = (someone: RoomUser) =>
    runInDurableObject(getStub(someone), (_, { storage }) => ({
      rows: storage.sql
        .exec<{ id: number; bytes: ArrayBuffer }>('SELECT id, bytes FROM update_log ORDER BY id')
        .toArray()
        .map(({ id, bytes }) => `${id} ${Buffer.from(bytes).toString('base64')}`),
      size: storage.sql.databaseSize,
    }));

  /**
   * Runs the alarm of a quiet room.
   * @param watch receives each statement and decides whether it is executed
   */
  async function ringWhenQuiet(
    someone: RoomUser,
    watch: (query: string, execute: () => Cursor) => Cursor = (_, execute) => execute(),
  ): Promise<void> {
    const watching = await runInDurableObject(getStub(someone), (_, { storage: { sql } }) => {
      sql.exec('UPDATE update_log SET at = at - ?', QUIET_AFTER_MS);
      const exec = sql.exec.bind(sql);
      return vi.spyOn(sql, 'exec').mockImplementation((...args) => watch(args[0], () => exec(...args)));
    });
    await runDurableObjectAlarm(getStub(someone));
    watching.mockRestore();
  }

  async function post(someone: RoomUser, updates: readonly Uint8Array[]): Promise<void> {
    for (const update of updates) {
      const response = await someone.request(path, { method: 'POST', body: encodeSyncBody(NOTHING, update) });
      expect(response.status).toBe(200);
      await response.body?.cancel();
    }
    await someone.settle();
  }

  it('keeps the content of a room over 2 MB in fewer rows and bytes, and reports the new size', async () => {
    const someone = await createRoomUser();
    const { doc, updates } = createTypedDoc(COMPACT_QUIET_AFTER_UPDATES + 1, '🙂'.repeat(40_000));
    await post(someone, updates);
    const before = await readStored(someone);
    await runDurableObjectAlarm(getStub(someone));
    await ringWhenQuiet(someone);
    const after = await readStored(someone);
    expect(after.rows.length).toBeLessThan(before.rows.length);
    expect(after.size).toBeLessThan(before.size);
    expect(await readRegistryBytes(someone)).toBe(after.size);
    const read = new Y.Doc();
    await syncOverHttp(someone, path, read);
    expect(getText(read) === getText(doc)).toBe(true);
  });

  it('keeps the content in one update and writes fewer rows than it removes', async () => {
    const someone = await createRoomUser();
    const { doc, updates } = createTypedDoc(COMPACT_QUIET_AFTER_UPDATES, 'words ');
    await post(someone, updates);
    const cursors: Cursor[] = [];
    await ringWhenQuiet(someone, (_, execute) => {
      const cursor = execute();
      cursors.push(cursor);
      return cursor;
    });
    expect((await readStored(someone)).rows).toHaveLength(1);
    const written = cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(updates.length / 4);
    expect(getText(await join(await RawSocket.open(someone, path)))).toBe(getText(doc));
  });

  it('leaves the log unchanged if it fails in the middle, and the room accepts edits', async () => {
    const someone = await createRoomUser();
    const { doc, updates } = createTypedDoc(COMPACT_QUIET_AFTER_UPDATES, 'words ');
    await post(someone, updates);
    const before = await readStored(someone);
    // The transaction has deleted the old rows by then.
    await ringWhenQuiet(someone, (query, execute) => {
      if (query.startsWith('INSERT')) throw new Error('the disk is full');
      return execute();
    });
    expect((await readStored(someone)).rows).toEqual(before.rows);
    const socket = await RawSocket.open(someone, path);
    expect(getText(await join(socket))).toBe(getText(doc));

    doc.getText('text').insert(0, 'on ');
    socket.send(frames.update(updates.at(-1) ?? NOTHING));
    await socket.waitUntilHandled();
    expect(getText(await join(await RawSocket.open(someone, path)))).toBe(getText(doc));
  });
});

describe('compaction verifies its result before it deletes rows:', () => {
  const { updates } = createTypedDoc(10, 'words ');
  const expectRefused = (fault: MockInstance) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(compact(updates, { collected: null })).toBeNull();
    expect(log).toHaveBeenCalledWith(expect.objectContaining({ event: 'compaction_refused' }));
    log.mockRestore();
    fault.mockRestore();
    expect(compact(updates, { collected: null })).not.toBeNull();
  };

  it('a result that lacks an insert replaces nothing', () => {
    expectRefused(vi.spyOn(StructJoiner.prototype, 'add').mockImplementationOnce(() => {}));
  });

  it('a result with different content replaces nothing', () => {
    expectRefused(
      vi.spyOn(ByteWriter.prototype, 'write').mockImplementation(function (this: ByteWriter, bytes) {
        const isWords = Buffer.from(bytes).includes('words');
        this.insert(this.length, isWords ? new Uint8Array(Buffer.from(bytes).fill('x')) : bytes);
      }),
    );
  });

  it('a result that lacks a deletion replaces nothing', () => {
    expectRefused(vi.spyOn(ContentIndex.prototype, 'deleteRanges', 'get').mockReturnValue(new Map()));
  });
});
