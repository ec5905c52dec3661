import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { INSTANCE_SORTS } from '../../../src/registry/read/instances-query.ts';
import { deleteInstance } from '../../../src/registry/write/delete-instance.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { list } from './api.ts';
import { report, signUp, T0 } from './reports.ts';

const DAY_MS = 86_400_000;

/** Rooms 0 to 9 are never touched; the others may be, between any two pages. */
const UNTOUCHED = 10;
const TOUCHED = 6;

const size = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 3 }));
const time = fc.integer({ min: 0, max: 3 });
const room = fc.record({ size, created: time, used: time });

const change = fc.record({
  room: fc.integer({ min: UNTOUCHED, max: UNTOUCHED + TOUCHED + 2 }),
  kind: fc.constantFrom('report', 'delete', 'recreate'),
  size,
  used: time,
});

/** Names whose order differs from that of the rooms' own, encoded names. */
const nameOf = (index: number) => ['é', 'a', '~', '%', 'Z'][index % 5] + ` ${index % 3} ${index}`;

it('an unchanged room is on exactly one page while other rooms change', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(room, { minLength: UNTOUCHED + TOUCHED, maxLength: UNTOUCHED + TOUCHED }),
      fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 8 }),
      fc.constantFrom(...INSTANCE_SORTS),
      fc.constantFrom('asc', 'desc'),
      fc.integer({ min: 1, max: 5 }),
      async (rooms, changes, sort, order, limit) => {
        const user = await signUp();
        // Later than all before, so that each change is one.
        let clock = 10;
        const lives = new Map<number, number>();
        const write = async (index: number, born: number, used: number, bytes: number | null) => {
          const createdAt = T0 + born * DAY_MS;
          lives.set(index, createdAt);
          const measurement = bytes === null ? null : { storageBytes: bytes, measuredAt: T0 + (clock += 1) };
          const accessedAt = T0 + used * DAY_MS;
          await upsertInstance(env.DB, report(user, nameOf(index), { createdAt, accessedAt, measurement }));
        };
        for (const [index, { size, created, used }] of rooms.entries())
          await write(index, created, used, size);

        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const asked: Record<string, string> = { sort, order, limit: `${limit}` };
          const page = await list(user, cursor === null ? asked : { ...asked, cursor });
          seen.push(...page.instances.map(({ resourceName }) => resourceName));
          cursor = page.nextCursor;
          for (const { room, kind, size, used } of changes.shift() ?? []) {
            const { doName } = report(user, nameOf(room));
            if (kind === 'delete') await deleteInstance(env.DB, { doName, createdAt: lives.get(room) ?? T0 });
            else await write(room, kind === 'recreate' ? (clock += 1) : 3, used + clock, size);
          }
        } while (cursor !== null);

        const untouched = Array.from({ length: UNTOUCHED }, (_, index) => nameOf(index));
        const times = untouched.map((name) => seen.filter((other) => other === name).length);
        expect(times).toEqual(untouched.map(() => 1));
      },
    ),
    { seed, numRuns: 40 },
  );
});
