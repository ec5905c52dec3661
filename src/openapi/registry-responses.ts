import * as z from 'zod';
import { DO_TYPES } from '../domain/instance.ts';
import { bytes, count, cursor, seconds, time } from './common-responses.ts';

/** Schemas of the API's responses. test/worker/openapi.test.ts compares them with real responses. */

const instanceMembers = {
  doType: z.enum(DO_TYPES),
  resourceName: z.string(),
  doName: z.string().meta({ description: 'The name of the Durable Object.' }),
  storageBytes: bytes
    .nullable()
    .meta({ description: 'In bytes, at storageMeasuredAt; null until measured.' }),
  storageMeasuredAt: time.nullable(),
  createdAt: time,
  lastAccessedAt: time,
};

export const Instance = z.strictObject(instanceMembers).meta({ description: 'A room.' });

export const RankedRoom = z
  .strictObject({
    ...instanceMembers,
    userId: z.string(),
    doId: z.string().meta({ description: 'The id of the Durable Object in Cloudflare’s list.' }),
  })
  .meta({ description: 'A room with its owner.' });

const sums = {
  storageBytes: bytes.meta({ description: 'Of the measured rooms, in bytes.' }),
  instances: count,
  unmeasured: count.meta({ description: 'Rooms without a known size.' }),
};
export const Sum = z.strictObject(sums);
const byType = z.strictObject({ workspace: Sum, document: Sum });

export const InstancePage = z.strictObject({ instances: z.array(Instance), nextCursor: cursor });
export const Usage = z.strictObject({ ...sums, byType });

const stored = {
  byteHours: z.number().min(0).meta({ description: 'Bytes times hours, rounded; byteSeconds is exact.' }),
  byteSeconds: z.string().regex(/^\d+$/).meta({ description: 'Bytes times seconds, an exact integer.' }),
};
const DayOfHistory = z.strictObject({
  day: z.iso.date(),
  storageBytes: bytes.meta({ description: 'At the end of the day; on the last day, at `to`.' }),
  ...stored,
});
export const UsageHistory = z.strictObject({
  from: time,
  to: time,
  keptSince: time.nullable().meta({
    description: 'First recorded change; earlier storage counts as 0. Null if nothing is recorded.',
  }),
  storageBytes: bytes.meta({ description: 'At `to`.' }),
  ...stored,
  days: z.array(DayOfHistory).meta({
    description: 'Each UTC day of the interval, in order. If `from` equals `to`, the day of that time.',
  }),
});
export const UserInstancePage = z.strictObject({
  userId: z.string(),
  instances: z.array(Instance),
  nextCursor: cursor,
});

export const UserUsage = z.strictObject({ userId: z.string(), ...sums, lastAccessedAt: time });

const Totals = z.strictObject({ users: count, ...sums, byType });
const Growth = z.strictObject({
  since: time,
  created: Sum,
  deleted: z.strictObject({ instances: count.nullable() }),
});
const firstPage = {
  totals: Totals.nullable().meta({ description: 'On the first page.' }),
  growth: Growth.nullable().meta({ description: 'On the first page, if `since` was given.' }),
};

export const AdminUsage = z.union([
  z.strictObject({ ...firstPage, users: z.array(UserUsage), nextCursor: cursor }),
  z.strictObject({ ...firstPage, rooms: z.array(RankedRoom), nextCursor: cursor }),
]);

export const MirrorReport = z.looseObject({
  enabled: z.boolean(),
  checkpointSeq: count.nullable(),
  latestSeq: count,
  lagRows: count.nullable(),
  lagSeconds: seconds.nullable(),
  lastSuccessAt: time.nullable(),
  lastError: z.looseObject({ at: time.nullable(), message: z.string() }).nullable(),
  lastReconcile: z
    .looseObject({
      mode: z.enum(['repair', 'detect']),
      startedAt: time,
      finishedAt: time.nullable(),
      compared: count,
      missing: count,
      extra: count,
      different: count,
      repaired: count,
      seconds,
      history: z
        .looseObject({ compared: count, missing: count, extra: count, different: count, repaired: count })
        .meta({ description: 'Counts of the rows of the storage history.' }),
    })
    .nullable(),
});

export const MirrorRun = z
  .looseObject({ pass: z.string(), seconds })
  .meta({ description: 'Result of the run.' });

export const Readiness = z.strictObject({
  ready: z.boolean(),
  d1: z
    .enum(['reachable', 'full', 'over-limit', 'unreachable'])
    .nullable()
    .meta({ description: 'reachable: readable and writable.' }),
  mirror: z
    .looseObject({ enabled: z.boolean(), lagRows: count.nullable(), lagSeconds: seconds.nullable() })
    .nullable(),
  detail: z.string().optional(),
});
