import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { endSessions, createPassDeps } from '../../../src/worker/end-sessions.ts';
import {
  type PassBounds,
  type PassDeps,
  runEndedSessionsPass,
} from '../../../src/worker/ended-sessions-pass.ts';
import { bearer, createBrokenDatabase, signUpUser, type TestUser } from '../support/auth-users.ts';
import type { RawSocket } from '../support/raw-socket.ts';
import { openSocket } from '../support/whole-worker.ts';
import { closeCodes, expectOpen, readQueue, run } from './signed-in.ts';

const BOUNDS: PassBounds = { entries: 100, rooms: 100, durationMs: 60_000, answerMs: 5_000 };

/** A user with a socket in each room, whose session has just ended; no room has been notified. */
async function signedOut(...rooms: string[]): Promise<{ user: TestUser; sockets: RawSocket[] }> {
  const user = await signUpUser();
  const sockets = [];
  for (const room of rooms) {
    // oxlint-disable-next-line no-await-in-loop -- sequential, to be recorded in this order
    sockets.push(await openSocket(`/documents/${room}`, bearer(user.sessionToken)));
  }
  await run('DELETE FROM session WHERE user_id = ?', user.id);
  return { user, sockets };
}

/** Runs the pass with changed dependencies, and returns the notified rooms. */
async function pass(changed: Partial<PassDeps> = {}, bounds: Partial<PassBounds> = {}) {
  const deps = { ...createPassDeps(env), ...changed };
  const notified: string[] = [];
  const summary = await runEndedSessionsPass(
    {
      ...deps,
      endSockets: async (doName, of) => {
        const sockets = await deps.endSockets(doName, of);
        notified.push(doName.split(':').at(-1) ?? '');
        return sockets;
      },
    },
    { ...BOUNDS, ...bounds },
  );
  return { ...summary, notified };
}

const unless = (failing: string, how: () => Promise<number>): Pick<PassDeps, 'endSockets'> => ({
  endSockets: (doName, of) =>
    doName.endsWith(`:${failing}`) ? how() : createPassDeps(env).endSockets(doName, of),
});
const fails = () => Promise.reject(new Error('unreachable'));
const hangs = () => new Promise<number>(() => {});

// What an earlier test has left to do is not this one's.
beforeEach(() => run('DELETE FROM ended_session'));

describe('the pass', () => {
  it('closes the sockets of all other rooms if one fails, and the next run closes the rest', async () => {
    for (const how of [fails, hangs]) {
      const { user, sockets } = await signedOut('a', 'b', 'c');
      const [first, second, third] = sockets;
      if (first === undefined || second === undefined || third === undefined) throw new Error('no sockets');
      const run = await pass(unless('b', how), { answerMs: 50 });
      expect(run).toMatchObject({ entries: 1, settled: 0, rooms: 2, sockets: 2 });
      expect(run.failures).toEqual([expect.stringContaining('document:b')]);
      expect(await closeCodes([first, third])).toEqual([4401, 4401]);
      await expectOpen(second);
      expect(await readQueue(user)).toMatchObject([{ told_through: '', missed: 0 }]);

      expect(await pass()).toMatchObject({ entries: 1, settled: 1, sockets: 1, failures: [] });
      expect((await second.closed).code).toBe(4401);
      expect(await readQueue(user)).toEqual([]);
    }
  });

  it('is completed by the next run after an interruption', async () => {
    const { user, sockets } = await signedOut('a', 'b');
    expect(await pass({ removeEntries: fails, requeueEntries: fails })).toMatchObject({
      settled: 0,
      sockets: 2,
    });
    expect(await closeCodes(sockets)).toEqual([4401, 4401]);
    expect(await readQueue(user)).toHaveLength(1);
    expect(await pass()).toMatchObject({ settled: 1, rooms: 2, sockets: 0 });
    expect(await readQueue(user)).toEqual([]);
  });

  it('continues in the next run and notifies each room once', async () => {
    const rooms = ['a', 'b', 'c', 'd', 'e'];
    const { user, sockets } = await signedOut(...rooms);
    expect((await pass({}, { rooms: 2 })).notified).toEqual(['a', 'b']);
    expect(await readQueue(user)).toMatchObject([{ told_through: `user:${user.id}:document:b`, missed: 0 }]);
    expect((await pass({}, { rooms: 2 })).notified).toEqual(['c', 'd']);
    expect(await pass({}, { rooms: 2 })).toMatchObject({ notified: ['e'], settled: 1 });
    expect(await closeCodes(sockets)).toEqual(rooms.map(() => 4401));
    expect(await readQueue(user)).toEqual([]);
  });

  it('reaches every room before it retries one that failed', async () => {
    const { user, sockets } = await signedOut('a', 'b', 'c', 'd');
    await pass(unless('a', fails), { rooms: 2 });
    expect(await readQueue(user)).toMatchObject([{ missed: 1 }]);
    await pass({}, { rooms: 2 });
    expect(await pass({}, { rooms: 2 })).toMatchObject({ notified: [], settled: 0 });
    expect((await pass({}, { rooms: 9 })).notified).toEqual(['a', 'b', 'c', 'd']);
    expect(await closeCodes(sockets)).toEqual([4401, 4401, 4401, 4401]);
    expect(await readQueue(user)).toEqual([]);
  });

  it('does not delay users because rooms of another user fail', async () => {
    const first = await signedOut('stuck');
    const second = await signedOut('fine');
    await pass(unless('stuck', fails), { entries: 1 });
    expect(await pass(unless('stuck', fails), { entries: 1 })).toMatchObject({
      notified: ['fine'],
      settled: 1,
    });
    expect(await closeCodes(second.sockets)).toEqual([4401]);
    expect(await pass({}, { entries: 1 })).toMatchObject({ notified: ['stuck'] });
    expect(await closeCodes(first.sockets)).toEqual([4401]);
  });

  it('starts nothing after its time limit and leaves the rest unchanged', async () => {
    const { user, sockets } = await signedOut('a');
    const before = await readQueue(user);
    expect(await pass({}, { durationMs: 0 })).toMatchObject({ entries: 1, settled: 0, notified: [] });
    expect(await readQueue(user)).toEqual(before);
    await pass();
    expect(await closeCodes(sockets)).toEqual([4401]);
  });

  it('run concurrently closes the same sockets and leaves no entry', async () => {
    const { user, sockets } = await signedOut('a', 'b', 'c');
    const runs = await Promise.all([pass(), pass(), pass()]);
    expect(runs.flatMap(({ failures }) => failures)).toEqual([]);
    expect(await closeCodes(sockets)).toEqual([4401, 4401, 4401]);
    expect(await readQueue(user)).toEqual([]);
  });

  it('notifies only the user’s rooms that were used since the session began', async () => {
    const { user } = await signedOut('recent', 'long-ago', 'edge');
    const other = await signedOut('notes');
    await run('DELETE FROM ended_session WHERE user_id = ?', other.user.id);
    const began = Date.now();
    // A use within a minute of the last recorded one is not recorded.
    const use = 'UPDATE durable_object_instance SET last_accessed_at = ?2 WHERE do_name = ?1';
    await run(use, `user:${user.id}:document:long-ago`, began - 3_600_000);
    await run(use, `user:${user.id}:document:edge`, began - 60_000);
    expect((await pass()).notified.toSorted()).toEqual(['edge', 'recent']);
    for (const socket of other.sockets) await expectOpen(socket);
  });

  it('finds rooms whose rows were deleted with the account', async () => {
    const { user, sockets } = await signedOut('a', 'b');
    await run('DELETE FROM user WHERE id = ?', user.id);
    const rows = await env.DB.prepare('SELECT * FROM durable_object_instance WHERE user_id = ?')
      .bind(user.id)
      .all();
    expect(rows.results).toEqual([]);
    expect((await pass()).notified).toEqual(['a', 'b']);
    expect(await closeCodes(sockets)).toEqual([4401, 4401]);
  });

  it('never fails its caller', async () => {
    await expect(endSessions({ ...env, DB: createBrokenDatabase() })).resolves.toBeUndefined();
  });
});

describe('the queue of ended sessions', () => {
  it('costs one row written per ended session, and one when its sockets are closed', async () => {
    const user = await signUpUser();
    const sql = 'DELETE FROM session WHERE user_id = ?';
    const ended = await run(sql, user.id);
    const again = await signUpUser();
    await run('UPDATE session SET expires_at = 1 WHERE user_id = ?', again.id);
    const expired = await run(sql, again.id);
    expect(ended.rows_written - expired.rows_written).toBe(1);

    const entries = (await createPassDeps(env).readEnded(100)).filter(({ userId }) => userId === user.id);
    expect(entries).toHaveLength(1);
    const [entry] = entries;
    if (entry === undefined) throw new Error('no entry');
    const settled = await run(
      'DELETE FROM ended_session WHERE due_at = ? AND user_id = ? AND session_id = ?',
      entry.dueAt,
      entry.userId,
      entry.sessionId ?? '',
    );
    expect(settled.rows_written).toBe(1);
  });
});
