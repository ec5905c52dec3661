import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { RawSocket, frames } from '../support/raw-socket.ts';
import { type Person, docWith, person, roomStub, syncBody } from '../support/room-app.ts';

/** Enough that it would show if each of them, or each new size, cost a row. */
const EDITS = 250;
const MINUTE = 60_000;
const MOST_ROWS_WRITTEN = 10;

/** The row itself and its entry in the index of change numbers, as `meta.rows_written` says of one report. */
const ROWS_WRITTEN_BY_A_CHANGE = 2;

const stubOf = (someone: Person) => roomStub('document', someone.userId, 'd');

const sizeOf = (someone: Person) =>
  runInDurableObject(stubOf(someone), (_, { storage }) => storage.sql.databaseSize);

async function latestSeq(): Promise<number> {
  return (
    (await env.DB.prepare('SELECT max(seq) AS seq FROM durable_object_instance').first<number>('seq')) ?? 0
  );
}

async function rowOf(someone: Person) {
  return env.DB.prepare(
    'SELECT storage_bytes AS bytes, storage_measured_at AS at FROM durable_object_instance WHERE user_id = ?',
  )
    .bind(someone.userId)
    .first<{ bytes: number; at: number }>();
}

/** Rings the room as the platform does: when the time that it asked for has come. */
async function ringIfDue(someone: Person): Promise<void> {
  const at = await runInDurableObject(stubOf(someone), (_, { storage }) => storage.getAlarm());
  if (at !== null && at <= Date.now()) await runDurableObjectAlarm(stubOf(someone));
}

/** Makes the edits within a minute; gives how many rows that wrote in D1, and how late the row ever was. */
async function aHotMinute(someone: Person, edit: (index: number) => Promise<void>) {
  const before = await latestSeq();
  let behindSince: number | null = null;
  let latestMs = 0;
  for (let index = 0; index < EDITS; index++) {
    vi.setSystemTime(Date.now() + MINUTE / EDITS);
    await edit(index);
    await someone.settle();
    await ringIfDue(someone);
    const isRight = (await rowOf(someone))?.bytes === (await sizeOf(someone));
    if (isRight) behindSince = null;
    else latestMs = Math.max(latestMs, Date.now() - (behindSince ??= Date.now()));
  }
  return { rowsWritten: ((await latestSeq()) - before) * ROWS_WRITTEN_BY_A_CHANGE, latestMs };
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

afterEach(() => {
  vi.useRealTimers();
});

describe('a room that is edited hundreds of times in a minute', () => {
  it('costs at most ten rows written in D1 over HTTP, and its row is never a minute behind', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const someone = await person();
    await someone.request('/documents/d', {
      method: 'POST',
      body: syncBody(new Uint8Array(), new Uint8Array()),
    });
    await someone.settle();
    const made = edits();
    const { rowsWritten, latestMs } = await aHotMinute(someone, async () => {
      const body = syncBody(new Uint8Array(), made.next().value ?? new Uint8Array());
      const response = await someone.request('/documents/d', { method: 'POST', body });
      await response.arrayBuffer();
    });
    expect(rowsWritten).toBeGreaterThan(0);
    expect(rowsWritten).toBeLessThanOrEqual(MOST_ROWS_WRITTEN);
    expect(latestMs).toBeLessThan(MINUTE);
  });

  it('costs at most ten over WebSockets, and its row is never a minute behind', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const someone = await person();
    const socket = await RawSocket.open(someone, '/documents/d');
    await someone.settle();
    const made = edits();
    const { rowsWritten, latestMs } = await aHotMinute(someone, async () => {
      socket.send(frames.update(made.next().value ?? new Uint8Array()));
      await socket.untilHandled();
    });
    expect(rowsWritten).toBeGreaterThan(0);
    expect(rowsWritten).toBeLessThanOrEqual(MOST_ROWS_WRITTEN);
    expect(latestMs).toBeLessThan(MINUTE);
  });

  it('costs nothing where hundreds of calls change nothing', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const someone = await person();
    const body = syncBody(new Uint8Array(), Y.encodeStateAsUpdate(docWith('x')));
    await someone.request('/documents/d', { method: 'POST', body });
    await someone.settle();
    const before = await latestSeq();
    for (let index = 0; index < EDITS; index++) {
      vi.setSystemTime(Date.now() + 50);
      await someone.request('/documents/d', { method: 'POST', body });
      await someone.settle();
    }
    expect(await latestSeq()).toBe(before);
  });
});
