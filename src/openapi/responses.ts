import * as z from 'zod';
import { DO_TYPES } from '../domain/instance.ts';

/** Schemas of the API's responses. test/worker/openapi.test.ts compares them with real responses. */

const bytes = z.int().min(0).meta({ description: 'In bytes.' });
const time = z.iso.datetime({ precision: 3 }).meta({ description: 'ISO 8601 in UTC, with milliseconds.' });
const count = z.int().min(0);
const cursor = z.string().nullable().meta({ description: 'For the next page; null on the last page.' });

export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong and what to do.' }),
    field: z.string().optional().meta({ description: 'The invalid parameter or member.' }),
    stored: z.boolean().optional().meta({
      description:
        'In a 409 for a PUT with a body: whether the existing room contains everything in the body.',
    }),
    incarnation: z.string().optional().meta({ description: 'With "stored": the incarnation of the room.' }),
  })
  .meta({ description: 'A problem document (RFC 9457).' });

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

const Instance = z.strictObject(instanceMembers).meta({ description: 'A room.' });

const RankedRoom = z
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
const Sum = z.strictObject(sums);
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

const UserUsage = z.strictObject({ userId: z.string(), ...sums, lastAccessedAt: time });

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

export const Room = z.strictObject({
  doType: z.enum(DO_TYPES),
  resourceName: z.string(),
  doName: z.string(),
  createdAt: time,
  storageBytes: bytes,
  incarnation: z
    .string()
    .meta({ description: 'Send it in Room-Incarnation to reach no other incarnation of the room.' }),
});

export const Compaction = z.strictObject({
  compacted: z.boolean().meta({ description: 'False if compaction would not save space.' }),
  storageBytesBefore: bytes,
  storageBytes: bytes.meta({ description: 'In bytes, after the compaction.' }),
});

export const Snapshot = z.strictObject({ id: z.string(), label: z.string().nullable(), createdAt: time });
export const Snapshots = z.array(Snapshot).meta({ description: 'Newest first.' });

const seconds = z.number().min(0);

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

const erasureMembers = {
  id: z.string(),
  state: z.enum(['requested', 'running', 'finished']),
  requestedAt: time,
  finishedAt: time.nullable(),
  roomsFound: count,
  roomsErased: count,
};
const ErasureProgress = z.strictObject(erasureMembers).meta({ description: 'Progress of an erasure.' });
export const Erasing = z.looseObject({
  erasure: ErasureProgress.nullable().meta({ description: 'null if the erasure has finished.' }),
});
const trailMembers = {
  ...erasureMembers,
  userId: z.string().nullable(),
  requestedBy: z.string().nullable(),
  lastHeardAt: time.nullable(),
  sockets: count,
  failures: count,
};
const Erasure = z.strictObject(trailMembers).meta({ description: 'An erasure, for operators.' });
export const ErasurePage = z.strictObject({ erasures: z.array(Erasure), nextCursor: cursor });
export const ErasureTrail = z.strictObject({
  ...trailMembers,
  steps: z.array(z.looseObject({ number: z.int(), at: time, what: z.string() })),
});

export const Me = z
  .strictObject({
    userId: z.string().meta({ description: 'Encode it with encodeURIComponent in paths of rooms.' }),
    kind: z.enum(['account', 'external']).meta({ description: 'external: a user of the external issuer.' }),
    name: z.string().meta({ description: 'The display name.' }),
    role: z.enum(['user', 'admin']).meta({ description: 'admin: an operator.' }),
  })
  .meta({ description: 'The caller.' });

const User = z.looseObject({ id: z.string(), name: z.string(), email: z.string() });

export const SignedIn = z.looseObject({
  token: z.string().meta({ description: 'The session token, a bearer token.' }),
  user: User,
});
export const Session = z
  .looseObject({ session: z.looseObject({ id: z.string() }), user: User })
  .nullable()
  .meta({ description: 'null without a session.' });
export const SignedOut = z.looseObject({ success: z.boolean() });
export const Token = z.strictObject({
  token: z.string().meta({ description: 'A JWT that expires after 15 minutes.' }),
});
export const KeySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) });

/** Schemas with a name in the description. */
export const NAMED_RESPONSES: Readonly<Record<string, z.ZodType>> = {
  Problem,
  Instance,
  RankedRoom,
  Sum,
  UserUsage,
  InstancePage,
  Usage,
  UsageHistory,
  UserInstancePage,
  AdminUsage,
  Room,
  Snapshot,
  Snapshots,
  MirrorReport,
  MirrorRun,
  Readiness,
  ErasureProgress,
  Erasing,
  Erasure,
  ErasurePage,
  ErasureTrail,
  Me,
  SignedIn,
  Session,
  SignedOut,
  Token,
  KeySet,
};
