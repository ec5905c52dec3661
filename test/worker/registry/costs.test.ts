import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { ACCESS_INTERVAL_MS } from '../../../src/registry/intervals.ts';
import { bearer, fetchJwt, signUpUser } from '../support/auth-users.ts';
import { runAlarmsUntilIdle, getRoomStub } from '../support/room-app.ts';
import { openSocket, send } from '../support/whole-worker.ts';
import { report, signUp } from './reports.ts';

/** Rows read and written by D1's own count since the test began. */
const cost = { read: 0, written: 0 };
let jwt: string;
let room: ReturnType<typeof getRoomStub>;

beforeAll(async () => {
  // What others have must not matter.
  const crowd = await signUp('crowd');
  await env.DB.batch(
    Array.from({ length: 300 }, (_, index) =>
      env.DB.prepare(
        `INSERT INTO durable_object_instance
           (do_name, do_id, decoded_name, created_at, last_accessed_at, seq)
         VALUES (?1, 'ab', ?2, 1, 1, ?3)`,
      ).bind(report(crowd, `room ${index}`).doName, `room ${index}`, index + 1),
    ),
  );
});

beforeEach(async () => {
  const user = await signUpUser();
  jwt = await fetchJwt(user);
  room = getRoomStub('document', user.id, 'd');
  await send('/documents/d', { method: 'PUT', headers: bearer(jwt) });
  await runAlarmsUntilIdle(room);
  Object.assign(cost, { read: 0, written: 0 });
  const batch = env.DB.batch.bind(env.DB);
  vi.spyOn(env.DB, 'batch').mockImplementation(async <Row>(statements: D1PreparedStatement[]) => {
    const results = await batch<Row>(statements);
    for (const { meta } of results) {
      cost.read += meta.rows_read;
      cost.written += meta.rows_written;
    }
    return results;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it('an upgrade costs 12 rows read, and 2 rows written if its use is recorded', async () => {
  await openSocket('/documents/d', bearer(jwt));
  expect(cost).toEqual({ read: 12, written: 0 });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ACCESS_INTERVAL_MS });
  await openSocket('/documents/d', bearer(jwt));
  expect(cost).toEqual({ read: 24, written: 2 });
});

it('a report of a room costs 9 rows read, and 3 per session with a socket', async () => {
  await openSocket('/documents/d', bearer(jwt));
  await openSocket('/documents/d', bearer(jwt));
  await room.reportLater(Date.now());
  Object.assign(cost, { read: 0, written: 0 });
  await runDurableObjectAlarm(room);
  expect(cost).toEqual({ read: 12, written: 0 });
});

it('a call without a change costs no rows', async () => {
  await send('/documents/d', { headers: bearer(jwt) });
  await send('/documents/d', { method: 'PUT', headers: bearer(jwt) });
  expect(cost).toEqual({ read: 0, written: 0 });
});

it('a new room costs 4 rows written, plus one for the history and one for the limits', async () => {
  await send('/documents/new', { method: 'PUT', headers: bearer(jwt) });
  expect(cost).toEqual({ read: 15, written: 6 });
});
