import { cp } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { IDLE_DAYS, LIST_LENGTH, MOST_PICTURED, TREND_DAYS } from '../src/dashboard/overview/deps.ts';
import { getOverview } from '../src/registry/overview.ts';
import { DAY_S } from '../src/registry/storage-course.ts';
import { randomFrom } from '../scripts/lib/random.ts';
import { makeFolder, removeFolder, startSystem, type System, type User } from '../test/support/system.ts';
import { startLocalRegistry } from './lib/local-registry.ts';
import { wholeNumber } from './lib/options.ts';
import { differenceOf, quantile } from './lib/statistics.ts';

const HELP = `What the overview costs the same user in a small registry and in a large one.

  npm run bench:dashboard [-- options]

  --rooms N   of the user who reads (default 1000)
  --small N   rows of the small registry (default 1000)
  --large N   rows of the large registry (default 1000000)
  --runs N    pages asked of each (default 300)
  --seed N    of the order (default 1)
  --help      this text

Two whole systems run on this machine and are asked in turns, in an order by chance: so both meet what else the machine does.
A page is asked for as a browser does that has none of it: the session is checked, the registry is read, the page is rendered.`;

const ROOMS_OF_OTHERS = 100;
/** Ids of filled-in users end in their number. */
const USER = 'reader';
const USER_ID = `${USER}0`;
const HISTORY_DAYS = 60;
const WARM_UP_RUNS = 30;

interface Options {
  readonly rooms: number;
  readonly sizes: readonly [small: number, large: number];
  readonly runs: number;
  readonly seed: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rooms: { type: 'string', default: '1000' },
      small: { type: 'string', default: '1000' },
      large: { type: 'string', default: '1000000' },
      runs: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const options: Options = {
    rooms: wholeNumber('rooms', values.rooms),
    sizes: [wholeNumber('small', values.small), wholeNumber('large', values.large)],
    runs: wholeNumber('runs', values.runs),
    seed: wholeNumber('seed', values.seed),
  };
  const folders = [await makeFolder(), await makeFolder()];
  try {
    const [first = '', second = ''] = folders;
    const user = await signUp(first);
    await fill(first, options.rooms);
    await cp(path.join(first, 'wrangler'), path.join(second, 'wrangler'), { recursive: true });
    const costs: Cost[] = [];
    for (const [index, folder] of folders.entries()) {
      costs.push(await grow(folder, options.sizes[index] ?? 0));
    }
    await compare(folders, user, options, costs);
  } finally {
    await Promise.all(folders.map(removeFolder));
  }
}

async function signUp(folder: string): Promise<User> {
  const system = await startSystem({ persistTo: folder, mirror: false });
  try {
    return await system.signUp();
  } finally {
    await system.stop();
  }
}

/** Gives the one user the id of a filled-in one, and his rooms. */
async function fill(folder: string, rooms: number): Promise<void> {
  const registry = await startLocalRegistry(folder);
  const { db } = registry;
  try {
    await db.batch(
      [
        'PRAGMA defer_foreign_keys = ON',
        'DELETE FROM session',
        `UPDATE account SET user_id = '${USER_ID}', account_id = '${USER_ID}'`,
        `UPDATE user SET id = '${USER_ID}'`,
      ].map((sql) => db.prepare(sql)),
    );
    await registry.addRooms(USER, rooms);
    const today = Math.floor(Date.now() / 1_000 / DAY_S);
    await db.batch(
      Array.from({ length: HISTORY_DAYS }, (_, index) =>
        db
          .prepare(
            `INSERT INTO user_storage_day (user_id, day, opened_bytes, storage_bytes, changed_at, byte_seconds, steps, seq)
             VALUES (?1, ?2, 0, ?3, ?2 * 86400, 0, json_array(json_array(0, ?3)), 1)`,
          )
          .bind(USER_ID, today - 1 - index, 1_000_000 * (HISTORY_DAYS - index)),
      ),
    );
  } finally {
    await registry.remove();
  }
}

/** By D1's own count, for one page. */
interface Cost {
  readonly batches: number;
  readonly statements: number;
  readonly rowsRead: number;
}

/** Fills the registry up, and reads the overview once. */
async function grow(folder: string, rows: number): Promise<Cost> {
  const registry = await startLocalRegistry(folder);
  try {
    await registry.fillTo(rows, ROOMS_OF_OTHERS);
    const cost = { batches: 0, statements: 0, rowsRead: 0 };
    const session = registry.db.withSession();
    const counted: D1DatabaseSession = {
      prepare: (sql) => session.prepare(sql),
      getBookmark: () => session.getBookmark(),
      async batch<Row>(statements: D1PreparedStatement[]) {
        const results = await session.batch<Row>(statements);
        cost.batches += 1;
        cost.statements += statements.length;
        cost.rowsRead += results.reduce((sum, { meta }) => sum + meta.rows_read, 0);
        return results;
      },
    };
    const today = Math.floor(Date.now() / 1_000 / DAY_S);
    await getOverview(counted, USER_ID, {
      biggest: MOST_PICTURED,
      recent: LIST_LENGTH,
      idle: LIST_LENGTH,
      idleBefore: (today - IDLE_DAYS) * DAY_S * 1_000,
      interval: { from: (today - TREND_DAYS) * DAY_S, to: (today + 1) * DAY_S },
    });
    return cost;
  } finally {
    await registry.remove();
  }
}

async function compare(
  folders: readonly string[],
  user: User,
  { rooms, sizes, runs, seed }: Options,
  costs: readonly Cost[],
): Promise<void> {
  const systems: System[] = [];
  try {
    for (const folder of folders) systems.push(await startSystem({ persistTo: folder, mirror: false }));
    const readers = await Promise.all(systems.map((system) => readerOf(system, user)));
    const random = randomFrom(seed);
    const times: number[][] = systems.map(() => []);
    let bytes = 0;
    for (let run = -WARM_UP_RUNS; run < runs; run++) {
      const order = random() < 0.5 ? [0, 1] : [1, 0];
      for (const index of order) {
        const startedAt = performance.now();
        const page = (await readers[index]?.()) ?? '';
        if (run >= 0) times[index]?.push(performance.now() - startedAt);
        bytes = page.length;
        if (!page.includes('Where the bytes are')) throw new Error(`not the overview:\n${page}`);
      }
    }
    print(rooms, sizes, costs, times, bytes, random);
  } finally {
    await Promise.all(systems.map((system) => system.stop()));
  }
}

/** Signs the user in as a browser does, and gives what asks for his overview. */
async function readerOf({ origin }: System, { email, password }: User): Promise<() => Promise<string>> {
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

const count = (n: number): string => n.toLocaleString('en-US');

function print(
  rooms: number,
  sizes: readonly number[],
  costs: readonly Cost[],
  times: readonly number[][],
  bytes: number,
  random: () => number,
): void {
  console.log(`The overview of a user with ${count(rooms)} rooms (${count(bytes)} characters of HTML)\n`);
  console.log('| rows in the registry | p50 ms | p95 ms | round trips | statements | rows read |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [index, size] of sizes.entries()) {
    const sample = times[index] ?? [];
    const { batches = 0, statements = 0, rowsRead = 0 } = costs[index] ?? {};
    const cells = [count(size), quantile(sample, 0.5).toFixed(1), quantile(sample, 0.95).toFixed(1)];
    console.log(`| ${[...cells, batches, statements, count(rowsRead)].join(' | ')} |`);
  }
  const [small = [], large = []] = times;
  const { from, to } = differenceOf(large, small, 0.5, random);
  const ratio = quantile(large, 0.5) / quantile(small, 0.5);
  console.log(
    `\nThe large registry's median is ${ratio.toFixed(2)} times the small one's; the difference is ${from.toFixed(1)} to ${to.toFixed(1)} ms (95 %).`,
  );
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error));
  process.exitCode = 1;
}
