import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { RawSocket, frames } from '../support/raw-socket.ts';
import {
  type RoomUser,
  createDocWithText,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
} from '../support/room-app.ts';

/** Enough that it would show if each of them, or each new size, cost a row. */
const EDITS = 250;
const MINUTE = 60_000;
const MAX_ROWS_WRITTEN = 10;
/** By then an unused room has reported its final size, after its compaction. */
const SETTLED_AFTER_S = 100;

/** Of everything that is written in batches, as reports are: rows by D1's own count. */
let rowsWritten = 0;

const stubOf = (someone: RoomUser) => getRoomStub('document', someone.userId, 'd');

const sizeOf = (someone: RoomUser) =>
  runInDurableObject(stubOf(someone), (_, { storage }) => storage.sql.databaseSize);

async function readRow(someone: RoomUser) {
  return env.DB.prepare(
    'SELECT storage_bytes AS bytes, storage_measured_at AS at FROM durable_object_instance WHERE user_id = ?',
  )
    .bind(someone.userId)
    .first<{ bytes: number; at: number }>();
}

/** Rings the room as the platform does: when the time that it asked for has come. */
async function ringIfDue(someone: RoomUser): Promise<void> {
  const at = await runInDurableObject(stubOf(someone), (_, { storage }) => storage.getAlarm());
  if (at !== null && at <= Date.now()) await runDurableObjectAlarm(stubOf(someone));
}

/**
 * Makes the edits within a minute, lets `end` happen, and waits until the room has reported everything, including its compaction; gives how
 * many rows that wrote in D1, and how late the row ever was.
 */
async function aHotMinute(someone: RoomUser, edit: (index: number) => Promise<void>, end = () => {}) {
  rowsWritten = 0;
  let behindSince: number | null = null;
  let latestMs = 0;
  const look = async () => {
    await ringIfDue(someone);
    const isRight = (await readRow(someone))?.bytes === (await sizeOf(someone));
    if (isRight) behindSince = null;
    else latestMs = Math.max(latestMs, Date.now() - (behindSince ??= Date.now()));
  };
  for (let index = 0; index < EDITS; index++) {
    vi.setSystemTime(Date.now() + MINUTE / EDITS);
    await edit(index);
    await someone.settle();
    await look();
  }
  end();
  for (let second = 0; second < SETTLED_AFTER_S; second++) {
    vi.setSystemTime(Date.now() + 1_000);
    await look();
  }
  expect(behindSince).toBeNull();
  return { rowsWritten, latestMs };
}

/** Edits that each make the document longer, so that every few of them make another size. */
function* edits(): Generator<Uint8Array> {
  const doc = new Y.Doc();
  for (;;) {
    const before = Y.encodeStateVector(doc);
    doc.getText('text').insert(0, crypto.randomUUID());
    yield Y.encodeStateAsUpdate(doc, before);
  }
}

beforeEach(() => {
  const batch = env.DB.batch.bind(env.DB);
  vi.spyOn(env.DB, 'batch').mockImplementation(async <Row>(statements: D1PreparedStatement[]) => {
    const results = await batch<Row>(statements);
    for (const { meta } of results) rowsWritten += meta.rows_written;
    return results;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('a room that is edited hundreds of times in a minute', () => {
  it('costs at most ten rows written over HTTP, and its row is less than a minute old', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const someone = await createRoomUser();
    await someone.request('/documents/d', {
      method: 'POST',
      body: encodeSyncBody(new Uint8Array(), new Uint8Array()),
    });
    await someone.settle();
    const made = edits();
    const cost = await aHotMinute(someone, async () => {
      const body = encodeSyncBody(new Uint8Array(), made.next().value ?? new Uint8Array());
      const response = await someone.request('/documents/d', { method: 'POST', body });
      await response.arrayBuffer();
    });
    expect(cost.rowsWritten).toBeGreaterThan(0);
    expect(cost.rowsWritten).toBeLessThanOrEqual(MAX_ROWS_WRITTEN);
    expect(cost.latestMs).toBeLessThan(MINUTE);
  });

  it('costs at most ten rows written over WebSockets, and its row is less than a minute old', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const someone = await createRoomUser();
    const socket = await RawSocket.open(someone, '/documents/d');
    await someone.settle();
    const made = edits();
    const cost = await aHotMinute(
      someone,
      async () => {
        socket.send(frames.update(made.next().value ?? new Uint8Array()));
        await socket.waitUntilHandled();
      },
      () => socket.socket.close(1000),
    );
    expect(cost.rowsWritten).toBeGreaterThan(0);
    expect(cost.rowsWritten).toBeLessThanOrEqual(MAX_ROWS_WRITTEN);
    expect(cost.latestMs).toBeLessThan(MINUTE);
  });

  it('costs no rows for hundreds of calls without changes', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const someone = await createRoomUser();
    const body = encodeSyncBody(new Uint8Array(), Y.encodeStateAsUpdate(createDocWithText('x')));
    await someone.request('/documents/d', { method: 'POST', body });
    await someone.settle();
    rowsWritten = 0;
    for (let index = 0; index < EDITS; index++) {
      vi.setSystemTime(Date.now() + 50);
      await someone.request('/documents/d', { method: 'POST', body });
      await someone.settle();
    }
    expect(rowsWritten).toBe(0);
  });
});
