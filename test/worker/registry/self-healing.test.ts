import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ACCESS_INTERVAL_MS } from '../../../src/registry/intervals.ts';
import {
  runAlarmsUntilIdle,
  createDocWithText,
  type RoomUser,
  createRoomUser,
  getRoomStub,
  syncOverHttp,
} from '../support/room-app.ts';
import { loseRow, type Row, readRow } from './reports.ts';

let someone: RoomUser;
let doName: string;
let before: Row;
beforeEach(async () => {
  // Both parts of the name are percent-encoded.
  someone = await createRoomUser({ userId: `https://issuer.example#${crypto.randomUUID()}` });
  doName = `user:${encodeURIComponent(someone.userId)}:document:my%20notes`;
  before = await use('first');
  await runAlarmsUntilIdle(getRoomStub('document', someone.userId, 'my notes'));
  // So much later that a use is one to be recorded.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ACCESS_INTERVAL_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Somebody uses the room over HTTP, which is reported at once; gives its row. */
async function use(text: string): Promise<Row> {
  await syncOverHttp(someone, '/documents/my%20notes', createDocWithText(text));
  await someone.settle();
  const row = await readRow(doName);
  if (row === null) throw new Error('there is no row');
  return row;
}

const HOUR_MS = 3_600_000;
const FAR_AHEAD = Date.now() + 1_000 * HOUR_MS;

describe('the next report of a room repairs its row', () => {
  it('after it was lost', async () => {
    await loseRow(doName);
    expect(await readRow(doName)).toBeNull();
    const { last_accessed_at: usedAt, seq, storage_measured_at: at, ...same } = before;
    const row = await use('second');
    expect(row).toMatchObject(same);
    expect(row.last_accessed_at).toBeGreaterThan(usedAt);
    expect(row.storage_measured_at).toBeGreaterThan(at ?? 0);
    expect(row.seq).toBeGreaterThan(seq);
  });

  it.each([
    ['do_id', 'the id of another object'],
    ['decoded_user_id', 'another'],
    ['decoded_name', 'another'],
    ['storage_bytes', 1],
    ['storage_bytes', 1_000_000_000_000],
    ['storage_measured_at', 1],
    ['storage_measured_at', FAR_AHEAD],
    ['last_accessed_at', 1],
    ['last_accessed_at', FAR_AHEAD],
    ['created_at', 1],
    ['created_at', FAR_AHEAD],
  ] as const)('after its %s was damaged to be %s', async (column, value) => {
    await createRoomUser({ userId: 'another' });
    await env.DB.prepare(`UPDATE durable_object_instance SET ${column} = ? WHERE do_name = ?`)
      .bind(value, doName)
      .run();
    const row = await use('second');
    const { last_accessed_at: usedAt, seq, storage_measured_at: at, ...same } = before;
    expect(row).toMatchObject(same);
    for (const time of [row.last_accessed_at - usedAt, (row.storage_measured_at ?? 0) - (at ?? 0)]) {
      expect(time).toBeGreaterThan(0);
      expect(time).toBeLessThan(HOUR_MS);
    }
    // The mirror hears of it.
    expect(row.seq).toBeGreaterThan(seq);
  });

  it('and does not write a correct row', async () => {
    vi.useRealTimers();
    expect(await use('first')).toEqual(before);
  });
});
