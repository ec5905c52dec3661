import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import {
  COUNT_DELETED,
  COUNT_USERS,
  ROOMS_BY_STORAGE,
  TOTALS,
  USERS_BY_STORAGE,
} from '../../src/registry/read/admin-queries.ts';
import { changesSinceStatement } from '../../src/registry/read/changed-since.ts';
import { INSTANCE_SORTS } from '../../src/registry/read/instances-query.ts';
import { LATEST_SEQ } from '../../src/registry/next-seq.ts';
import { instancesStatement, createReader, usageStatement } from '../../src/registry/read/queries.ts';
import type { Benchmark, BenchmarkOptions, Subject } from '../lib/benchmark.ts';
import { quantile } from '../lib/statistics.ts';
import { filledRegistries, READER_ID, READERS_ROOMS } from './filled.ts';
import { type LocalRegistry, openRegistry } from './local-registry.ts';

const ROUNDS = 3;
const READS_A_ROUND = 5;
const QUICK_READS = 1;

export const reads: Benchmark = {
  name: 'registry: reads',
  method: `The statements of each kind of read, in a registry of 1,000 rows and in one of 1,000,000, for a user of ${READERS_ROOMS.toLocaleString('en-US')} rooms. D1 runs in workerd on this machine. The figures are \`meta.rows_read\`, which is billed, and the time that the caller sees; a round has the median of ${READS_A_ROUND}.`,
  figures: [
    { key: 'rowsSmall', title: '1,000 rows: read', unit: 'rows', better: 'lower', digits: 0 },
    { key: 'rowsLarge', title: '1,000,000 rows: read', unit: 'rows', better: 'lower', digits: 0 },
    { key: 'msSmall', title: '1,000 rows', unit: 'ms', better: 'lower', digits: 1 },
    { key: 'msLarge', title: '1,000,000 rows', unit: 'ms', better: 'lower', digits: 1 },
  ],
  run: measure,
};

interface Side {
  readonly registry: LocalRegistry;
  readonly latest: number;
}

interface Measured {
  readonly rowsRead: number;
  readonly ms: number;
}

async function measure({ quick, maxRounds, folder, progress }: BenchmarkOptions): Promise<Subject[]> {
  progress('filling two registries');
  const { small, large } = await filledRegistries({ quick });
  const sides: Side[] = [];
  try {
    for (const [name, filled] of Object.entries({ small, large })) {
      const own = path.join(folder, name);
      await mkdir(own);
      await filled.copyTo(own);
      const registry = await openRegistry(own);
      const latest = (await registry.db.prepare(LATEST_SEQ).first<number>('latestSeq')) ?? 0;
      sides.push({ registry, latest });
    }
    const rounds = quick ? 1 : Math.min(ROUNDS, maxRounds);
    const subjects: Subject[] = [];
    for (const [name, statementsOf] of READS) {
      progress(name);
      const [few, many] = await inTurns(sides, statementsOf, rounds, quick ? QUICK_READS : READS_A_ROUND);
      subjects.push({
        name,
        role: 'ours',
        values: {
          rowsSmall: rowsRead(few),
          rowsLarge: rowsRead(many),
          msSmall: (few ?? []).map(({ ms }) => ms),
          msLarge: (many ?? []).map(({ ms }) => ms),
        },
      });
    }
    return subjects;
  } finally {
    await Promise.all(sides.map(({ registry }) => registry.close()));
  }
}

/** The same each time. */
const rowsRead = (rounds: readonly Measured[] = []): number[] => [
  ...new Set(rounds.map(({ rowsRead }) => rowsRead)),
];

/** @returns for each side its rounds */
async function inTurns(
  sides: readonly Side[],
  statementsOf: StatementsOf,
  rounds: number,
  reads: number,
): Promise<Measured[][]> {
  const measured = sides.map((): Measured[] => []);
  // The first one counts for nothing: it fills caches.
  for (let round = 0; round <= rounds; round++) {
    for (const [index, side] of sides.entries()) {
      const times: number[] = [];
      let rowsRead = 0;
      for (let run = 0; run < reads; run++) {
        const startedAt = performance.now();
        const results = await side.registry.db.batch(statementsOf(side));
        times.push(performance.now() - startedAt);
        rowsRead = results.reduce((sum, { meta }) => sum + meta.rows_read, 0);
      }
      if (round > 0) measured[index]?.push({ rowsRead, ms: quantile(times, 0.5) });
    }
  }
  return measured;
}

/** What the routes run for a kind of read. */
type StatementsOf = (side: Side) => D1PreparedStatement[];

const SINCE = 1_700_000_000_000;

const READS: readonly (readonly [name: string, StatementsOf])[] = [
  ...INSTANCE_SORTS.map((sort) => [`page by ${sort}`, list(sort)] as const),
  ['a later page by createdAt', list('createdAt', {}, true)],
  ['page of those whose name contains "99"', list('lastAccessedAt', { q: '99' })],
  ['page of workspaces', list('lastAccessedAt', { type: 'workspace' })],
  [
    'usage',
    ({ registry: { db } }) => [
      prepared(db, usageStatement(createReader(db.withSession()), READER_ID).toSQL()),
      db.prepare(LATEST_SEQ),
    ],
  ],
  ['304, nothing changed', changesSince(0)],
  ['304, 100 changes of others', changesSince(100)],
  ['too many changes (the answer is read again)', changesSince(5_000)],
  ['operators: totals', ({ registry: { db } }) => [db.prepare(TOTALS).bind(null), db.prepare(COUNT_USERS)]],
  [
    'operators: totals and growth',
    ({ registry: { db } }) => [
      db.prepare(TOTALS).bind(SINCE),
      db.prepare(COUNT_USERS),
      db.prepare(COUNT_DELETED).bind(SINCE),
    ],
  ],
  [
    'operators: page of users by storage',
    ({ registry: { db } }) => [db.prepare(USERS_BY_STORAGE).bind(null, null, 51)],
  ],
  [
    'operators: page of rooms by storage',
    ({ registry: { db } }) => [db.prepare(ROOMS_BY_STORAGE).bind(null, null, 51)],
  ],
  [
    'operators: a later page of rooms',
    ({ registry: { db } }) => [db.prepare(ROOMS_BY_STORAGE).bind(4_096_000, 'user:', 51)],
  ],
];

function list(sort: (typeof INSTANCE_SORTS)[number], rest: object = {}, after = false): StatementsOf {
  const query = { sort, order: 'desc', limit: 50, ...rest } as const;
  const key = sort === 'resourceName' ? 'room 500' : 1_700_000_000_500;
  const position = after ? { key, last: '' } : null;
  return ({ registry: { db } }) => [
    prepared(db, instancesStatement(createReader(db.withSession()), READER_ID, query, position).toSQL()),
    db.prepare(LATEST_SEQ),
  ];
}

function changesSince(changes: number): StatementsOf {
  return ({ registry: { db }, latest }) => [
    changesSinceStatement(db.withSession(), READER_ID, latest - changes),
  ];
}

const prepared = (db: D1Database, { sql, params }: { sql: string; params: unknown[] }): D1PreparedStatement =>
  db.prepare(sql).bind(...params);
