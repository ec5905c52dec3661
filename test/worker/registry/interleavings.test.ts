import { env } from 'cloudflare:workers';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { InstanceReport } from '../../../src/domain/instance.ts';
import { deleteInstance } from '../../../src/registry/write/delete-instance.ts';
import { prunableStatement, pruneTombstones } from '../../../src/registry/prune/prune-tombstones.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { RegistryModel } from './model.ts';
import {
  changeNumbers,
  deleteUser,
  loseRow,
  report,
  type Row,
  rowsWrittenBy,
  signUp,
  T0,
  type Tombstone,
} from './reports.ts';

/** Printed with every run; to run one again, put its number here. */
const seed = Math.floor(Math.random() * 2 ** 31);
console.log({ test: 'interleavings', seed });

const USERS = ['ada', 'grace'] as const;
const ROOMS = ['notes', 'plan/50%'] as const;

// Few users, rooms, incarnations and sizes, and times around the two intervals: so that most steps touch each other.
const user = fc.constantFrom(...USERS);
const room = fc.constantFrom(...ROOMS);
const incarnation = fc.integer({ min: 0, max: 3 }).map((n) => T0 + n);
const time = fc.oneof(
  fc.integer({ min: 0, max: 20 }).map((n) => T0 + n * 10_000),
  fc.constantFrom(59_999, 60_000, 60_001, 119_999, 120_000).map((ms) => T0 + ms),
);
const measurement = fc.record({ storageBytes: fc.constantFrom(4_096, 8_192, 12_288), measuredAt: time });

type Step =
  | { readonly kind: 'report'; readonly reported: InstanceReport }
  | { readonly kind: 'delete'; readonly doName: string; readonly createdAt: number }
  | { readonly kind: 'deleteUser' | 'signUp'; readonly user: string }
  | { readonly kind: 'lose'; readonly doName: string }
  /** `behind`: how many numbers the mirror is behind; `null`: there is none. */
  | { readonly kind: 'prune'; readonly behind: number | null; readonly limit: number };

const aReport = fc
  .record({
    user,
    room,
    createdAt: incarnation,
    accessedAt: time,
    measurement: fc.option(measurement, { nil: null }),
  })
  .map(({ user, room, ...rest }): Step => ({ kind: 'report', reported: report(user, room, rest) }));
const aDeletion = fc
  .record({ user, room, createdAt: incarnation })
  .map(({ user, room, createdAt }): Step => ({
    kind: 'delete',
    doName: report(user, room).doName,
    createdAt,
  }));
const aLoss = fc
  .record({ user, room })
  .map(({ user, room }): Step => ({ kind: 'lose', doName: report(user, room).doName }));
const aPruning = fc
  .record({
    behind: fc.option(fc.integer({ min: -1, max: 6 }), { nil: null }),
    limit: fc.integer({ min: 1, max: 4 }),
  })
  .map((pruning): Step => ({ kind: 'prune', ...pruning }));
const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: aReport },
    { weight: 3, arbitrary: aDeletion },
    { weight: 2, arbitrary: aPruning },
    { weight: 1, arbitrary: aLoss },
    { weight: 1, arbitrary: user.map((user): Step => ({ kind: 'deleteUser', user })) },
    { weight: 2, arbitrary: user.map((user): Step => ({ kind: 'signUp', user })) },
  ),
  { minLength: 10, maxLength: 40 },
);

/** Applies a step to D1 and to the model, which must agree on whether a report was a change. */
async function take(step: Step, model: RegistryModel): Promise<void> {
  switch (step.kind) {
    case 'report':
      expect(await upsertInstance(env.DB, step.reported)).toBe(model.report(step.reported));
      // The same again, as after a lost answer.
      expect(await rowsWrittenBy(step.reported)).toBe(0);
      return;
    case 'delete':
      model.delete(step.doName, step.createdAt);
      await deleteInstance(env.DB, step);
      await deleteInstance(env.DB, step);
      return;
    case 'lose':
      model.lose(step.doName);
      await loseRow(step.doName);
      return;
    case 'prune': {
      const { behind, limit } = step;
      const mirroredThrough = behind === null ? null : Math.max(0, model.seq - behind);
      // A mirror that is ahead has seen what this registry has forgotten.
      const through = mirroredThrough ?? Infinity;
      const expected = mirroredThrough !== null && through > model.seq ? 0 : model.prune(through, limit);
      // Whatever their age, for a rule of time alone would be kept by chance here.
      const prunable = { mirroredThrough, deletedBefore: Date.now() + 3_600_000 };
      const any = await prunableStatement(env.DB, prunable).first();
      expect(any !== null).toBe(expected > 0);
      expect(await pruneTombstones(env.DB, prunable, limit)).toBe(expected);
      return;
    }
    case 'deleteUser':
      model.deleteUser(step.user);
      await deleteUser(step.user);
      return;
    case 'signUp':
      if (!model.users.has(step.user)) await signUp(step.user);
      model.users.add(step.user);
      return;
  }
}

const modelRow = (row: Row) => ({
  userId: row.user_id,
  createdAt: row.created_at,
  accessedAt: row.last_accessed_at,
  size: row.storage_bytes === null ? null : { bytes: row.storage_bytes, at: row.storage_measured_at },
  seq: row.seq,
});

const modelTombstone = ({ created_at: createdAt, seq }: Tombstone) => ({ createdAt, seq });

/** The whole of both tables in the model's form. */
async function compare(model: RegistryModel): Promise<void> {
  const [rows, tombstones] = await Promise.all([
    env.DB.prepare('SELECT * FROM durable_object_instance').all<Row>(),
    env.DB.prepare('SELECT * FROM registry_tombstone').all<Tombstone>(),
  ]);
  expect(new Map(rows.results.map((row) => [row.do_name, modelRow(row)]))).toEqual(model.rows);
  expect(new Map(tombstones.results.map((row) => [row.do_name, modelTombstone(row)]))).toEqual(
    model.tombstones,
  );
}

it('after any interleaving of reports, deletions, recreations, lost rows, deleted users and prunings, the registry equals the model', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      await env.DB.batch([
        env.DB.prepare("DELETE FROM user WHERE id IN ('ada', 'grace')"),
        env.DB.prepare('DELETE FROM registry_tombstone'),
      ]);
      const model = new RegistryModel();
      for (const step of taken) {
        // Step by step, because each must leave both sides equal.
        // oxlint-disable-next-line no-await-in-loop
        await take(step, model);
        // oxlint-disable-next-line no-await-in-loop
        await compare(model);
      }
    }),
    { seed, numRuns: 60 },
  );
}, 120_000);

it('concurrent reports of many rooms get unique numbers, and all are written', async () => {
  const id = await signUp();
  const before = Math.max(0, ...(await changeNumbers()));
  const rooms = Array.from({ length: 60 }, (_, index) => report(id, `room ${index}`));
  await Promise.all(rooms.map((room) => upsertInstance(env.DB, room)));
  const given = (await changeNumbers()).filter((seq) => seq > before);
  expect(given).toEqual(rooms.map((_, index) => before + 1 + index));
});
