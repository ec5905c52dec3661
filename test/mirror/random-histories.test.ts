import { env } from 'cloudflare:workers';
import * as fc from 'fast-check';
import { beforeEach, expect, test, vi } from 'vitest';
import { runMirror } from '../../src/mirror/passes/run.ts';
import { pruneRegistry } from '../../src/worker/prune-registry.ts';
import { UNMIRRORED_TOMBSTONE_KEPT_MS } from '../../src/registry/prune/prune-tombstones.ts';
import { bindings, emptyCopy, expectExactCopy, mirror, mirroredTable, reconcile } from './copy.ts';
import {
  addUser,
  deleteUser,
  emptyRegistry,
  latestSeq,
  registryTable,
  remove,
  room,
  write,
} from './registry.ts';

const USERS = ['ada', 'bob', 'eve'];
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];

const aRoom = fc.record({ user: fc.constantFrom(...USERS), name: fc.constantFrom(...NAMES) });
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      rooms: fc.uniqueArray(aRoom, { minLength: 1, maxLength: 5, selector: (r) => `${r.user}/${r.name}` }),
      bytes: fc.option(fc.nat()),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), room: aRoom }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('delete account' as const), user: fc.constantFrom(...USERS) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('mirror' as const),
      batchRows: fc.integer({ min: 1, max: 4 }),
      runRows: fc.integer({ min: 1, max: 12 }),
      atOnce: fc.integer({ min: 1, max: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('reconcile' as const),
      rangeRows: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('prune' as const), runRows: fc.integer({ min: 1, max: 12 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(todo: Step, time: number): Promise<void> {
  switch (todo.do) {
    case 'write': {
      const rooms = todo.rooms.map(({ user, name }) =>
        room(user, name, {
          lastAccessedAt: time,
          storageBytes: todo.bytes,
          storageMeasuredAt: todo.bytes === null ? null : time,
        }),
      );
      for (const { userId } of rooms) await addUser(userId);
      await write(rooms);
      return;
    }
    case 'remove':
      await remove(room(todo.room.user, todo.room.name).doName);
      return;
    case 'delete account':
      await deleteUser(todo.user);
      return;
    case 'mirror': {
      const limits = { batchRows: todo.batchRows, runRows: todo.runRows, runSeconds: 60 };
      await Promise.all(Array.from({ length: todo.atOnce }, () => mirror(limits)));
      return;
    }
    case 'reconcile': {
      // One range: the pass goes on among what comes next. Nothing was damaged, so it must find nothing, whatever lags.
      const limits = { rangeRows: todo.rangeRows, transactionSeconds: 0, runSeconds: 0 };
      expect(await reconcile('repair', limits)).toMatchObject({
        missing: 0,
        extra: 0,
        different: 0,
        history: { missing: 0, extra: 0, different: 0 },
      });
      return;
    }
    case 'prune': {
      // As the cron does it, long after: a run that may end half-way, and then what was mirrored goes.
      const limits = { batchRows: 4, runRows: todo.runRows, runSeconds: 60 };
      const outcome = await runMirror(bindings, { limits });
      const before = await latestSeq();
      // Nobody else needs the tombstones any more.
      await env.DB.batch([
        env.DB.prepare('DELETE FROM erasure'),
        env.DB.prepare('DELETE FROM ended_session'),
      ]);
      await pruneRegistry(env, outcome, Date.now() + 2 * UNMIRRORED_TOMBSTONE_KEPT_MS);
      expect(await latestSeq()).toBe(before);
    }
  }
}

const pruned = async () =>
  (await env.DB.prepare('SELECT sum(rooms) AS n FROM registry_pruned').first<number>('n')) ?? 0;

/** Whatever chance brings: one history in which something is pruned for certain. */
const ONE_WITH_PRUNING: Step[] = [
  { do: 'write', rooms: ['a', 'b'].map((name) => ({ user: 'ada', name })), bytes: 1 },
  { do: 'remove', room: { user: 'ada', name: 'a' } },
  { do: 'remove', room: { user: 'ada', name: 'b' } },
  { do: 'prune', runRows: 12 },
];

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
});

test('after any sequence of changes, runs and prunings, Postgres equals the registry', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.info(`random histories: seed ${seed}`);
  // Hundreds of runs, each with its record.
  vi.spyOn(console, 'info').mockImplementation(() => undefined);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      await emptyRegistry();
      await emptyCopy();
      for (const [time, todo] of steps.entries()) await take(todo, 1_750_000_000_000 + time);
      while ((await mirror({ batchRows: 3, runRows: 7, runSeconds: 60 })).more);
      expect(await mirroredTable()).toEqual(await registryTable());
      // What was pruned stays, marked.
      let pass;
      do pass = await reconcile();
      while (pass.more);
      expect(pass.history).toMatchObject({ missing: 0, extra: 0, different: 0 });
      await expectExactCopy();
    }),
    { seed, numRuns: 20, endOnFailure: true, examples: [[ONE_WITH_PRUNING]] },
  );
  // Or nothing of it would have been tried.
  expect(await pruned()).toBeGreaterThan(0);
}, 120_000);
