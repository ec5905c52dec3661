import * as fc from 'fast-check';
import { beforeEach, expect, test, vi } from 'vitest';
import { emptyCopy, expectExactCopy, mirror, mirroredTable } from './copy.ts';
import { addUser, deleteUser, emptyRegistry, registryTable, remove, room, write } from './registry.ts';

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
    }
  }
}

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
});

test('whatever happened to rooms and whenever runs came, Postgres ends as the registry', async () => {
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
      await expectExactCopy();
    }),
    { seed, numRuns: 25, endOnFailure: true },
  );
}, 120_000);
