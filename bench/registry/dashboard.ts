import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { IDLE_DAYS, LIST_LENGTH, MAX_MAP_ROOMS, TREND_DAYS } from '../../src/dashboard/overview/deps.ts';
import { getOverview } from '../../src/registry/read/overview.ts';
import { DAY_S } from '../../src/registry/read/storage-curve.ts';
import { startSystemWith, type System, type User } from '../../test/support/system.ts';
import type { Benchmark, BenchmarkOptions, Subject } from '../lib/benchmark.ts';
import { quantile } from '../lib/statistics.ts';
import { type Filled, filledRegistries, READER_ID, READERS_ROOMS } from './filled.ts';
import { openRegistry } from './local-registry.ts';

/** Of each system, before any counts: code is compiled in them. */
const WARM_UP_PAGES = 30;
const PAGES_A_ROUND = 100;
const ROUNDS = 3;
const QUICK_PAGES = 5;

export const dashboard: Benchmark = {
  name: 'dashboard: overview',
  method: `Two systems, one with 1,000 rows in its registry and one with 1,000,000, take turns to serve the overview of a user with ${READERS_ROOMS.toLocaleString('en-US')} rooms in each, ${PAGES_A_ROUND} times a round. Each request is like that of a browser without a cached page: the session is checked, the registry is read, the page is rendered. Rows, statements and round trips are D1's own count for one page.`,
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms', better: 'lower', digits: 1 },
    { key: 'p95', title: 'p95', unit: 'ms', better: 'lower', digits: 1 },
    { key: 'roundTrips', title: 'round trips to D1', unit: 'count', better: 'lower', digits: 0 },
    { key: 'statements', title: 'statements', unit: 'count', better: null, digits: 0 },
    { key: 'rowsRead', title: 'rows read', unit: 'rows', better: 'lower', digits: 0 },
  ],
  run: measure,
};

/** One of the two, on a copy of its own. */
interface Side {
  readonly name: string;
  readonly filled: Filled;
  readonly folder: string;
}

async function measure({ quick, maxRounds, folder, progress }: BenchmarkOptions): Promise<Subject[]> {
  progress('filling two registries');
  const { reader, small, large } = await filledRegistries({ quick });
  const sides: Side[] = [
    { name: 'small registry', filled: small, folder: path.join(folder, 'small') },
    { name: 'large registry', filled: large, folder: path.join(folder, 'large') },
  ];
  const costs: Cost[] = [];
  for (const side of sides) {
    await mkdir(side.folder, { mode: 0o711 });
    await side.filled.copyTo(side.folder);
    costs.push(await readProcessCost(side.folder));
  }
  const times = await timePages(
    sides,
    reader,
    quick ? 1 : Math.min(ROUNDS, maxRounds),
    quick ? QUICK_PAGES : PAGES_A_ROUND,
    progress,
  );
  return sides.map(({ name, filled: { rows } }, index) => {
    const samples = times[index] ?? [];
    const { roundTrips = 0, statements = 0, rowsRead = 0 } = costs[index] ?? {};
    return {
      name,
      role: 'ours',
      remark: `${rows.toLocaleString('en-US')} rows`,
      values: {
        p50: samples.map((sample) => quantile(sample, 0.5)),
        p95: samples.map((sample) => quantile(sample, 0.95)),
        roundTrips: [roundTrips],
        statements: [statements],
        rowsRead: [rowsRead],
      },
    };
  });
}

/** By D1's own count, for one page. */
interface Cost {
  readonly roundTrips: number;
  readonly statements: number;
  readonly rowsRead: number;
}

async function readProcessCost(folder: string): Promise<Cost> {
  const registry = await openRegistry(folder);
  try {
    const cost = { roundTrips: 0, statements: 0, rowsRead: 0 };
    const session = registry.db.withSession();
    const counted: D1DatabaseSession = {
      prepare: (sql) => session.prepare(sql),
      getBookmark: () => session.getBookmark(),
      async batch<Row>(statements: D1PreparedStatement[]) {
        const results = await session.batch<Row>(statements);
        cost.roundTrips += 1;
        cost.statements += statements.length;
        cost.rowsRead += results.reduce((sum, { meta }) => sum + meta.rows_read, 0);
        return results;
      },
    };
    const today = Math.floor(Date.now() / 1_000 / DAY_S);
    await getOverview(counted, READER_ID, {
      biggest: MAX_MAP_ROOMS,
      recent: LIST_LENGTH,
      idle: LIST_LENGTH,
      idleBefore: (today - IDLE_DAYS) * DAY_S * 1_000,
      interval: { from: (today - TREND_DAYS) * DAY_S, to: (today + 1) * DAY_S },
    });
    return cost;
  } finally {
    await registry.close();
  }
}

/** @returns for each side the milliseconds of each page, by rounds */
async function timePages(
  sides: readonly Side[],
  reader: User,
  rounds: number,
  pages: number,
  progress: BenchmarkOptions['progress'],
): Promise<number[][][]> {
  const systems: System[] = [];
  try {
    for (const { folder } of sides) systems.push(await startSystemWith('src/index.ts', folder));
    const asks = await Promise.all(systems.map((system) => signIn(system, reader)));
    const times = sides.map((): number[][] => []);
    for (let round = 0; round <= rounds; round++) {
      progress(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
      const samples = sides.map((): number[] => []);
      for (let page = 0; page < (round === 0 ? Math.min(WARM_UP_PAGES, pages) : pages); page++) {
        // A B B A: neither always comes after the other.
        for (const index of page % 2 === 0 ? [0, 1] : [1, 0]) {
          const startedAt = performance.now();
          const text = (await asks[index]?.()) ?? '';
          samples[index]?.push(performance.now() - startedAt);
          if (!text.includes('Where the bytes are')) throw new Error(`not the overview:\n${text}`);
        }
      }
      if (round > 0) samples.forEach((sample, index) => times[index]?.push(sample));
    }
    return times;
  } finally {
    await Promise.all(systems.map((system) => system.stop()));
  }
}

/** As a browser does; gives what asks for the overview. */
async function signIn({ origin }: System, { email, password }: User): Promise<() => Promise<string>> {
  const answer = await fetch(`${origin}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ email, password }).toString(),
  });
  if (answer.status !== 303)
    throw new Error(`sign-in was answered with ${answer.status}: ${await answer.text()}`);
  const cookies = new Map<string, string>();
  const keep = ({ headers }: Response): void => {
    for (const line of headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s);
      cookies.set(name, value);
    }
  };
  keep(answer);
  return async () => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(`${origin}/dashboard`, { headers: { cookie }, redirect: 'manual' });
    if (response.status !== 200) throw new Error(`the overview was answered with ${response.status}`);
    keep(response);
    return response.text();
  };
}
