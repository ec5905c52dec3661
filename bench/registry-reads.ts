import { parseArgs } from 'node:util';
import {
  COUNT_DELETED,
  COUNT_USERS,
  ROOMS_BY_STORAGE,
  TOTALS,
  USERS_BY_STORAGE,
} from '../src/registry/admin-queries.ts';
import { changesSinceStatement } from '../src/registry/changed-since.ts';
import { INSTANCE_SORTS } from '../src/registry/instances-query.ts';
import { LATEST_SEQ } from '../src/registry/next-seq.ts';
import { instancesStatement, readerOf, usageStatement } from '../src/registry/queries.ts';
import { type LocalRegistry, startLocalRegistry } from './lib/local-registry.ts';
import { wholeNumber } from './lib/options.ts';

const RUNS = 10;

const HELP = `What reading the registry costs, by D1's own count, in a table of few rows and in one of many.

  npm run bench:registry-reads [-- options]

  --rooms N   of the user who reads (default 1000)
  --small N   rows of the small table (default 1000)
  --large N   rows of the large table (default 1000000)
  --help      this text

D1 runs in workerd on this machine. Printed are "meta.rows_read", which is billed, and the median time of ${RUNS} runs as the
caller sees it, in milliseconds.`;

const ROOMS_OF_OTHERS = 100;
const USER = 'reader';

interface Measured {
  readonly rowsRead: number;
  readonly ms: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rooms: { type: 'string', default: '1000' },
      small: { type: 'string', default: '1000' },
      large: { type: 'string', default: '1000000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const rooms = wholeNumber('rooms', values.rooms);
  const sizes = [wholeNumber('small', values.small), wholeNumber('large', values.large)];
  const registry = await startLocalRegistry();
  try {
    await registry.addRooms(USER, rooms);
    const columns: Map<string, Measured>[] = [];
    for (const size of sizes) {
      await registry.fillTo(size, ROOMS_OF_OTHERS);
      columns.push(await measureAll(registry));
    }
    print(rooms, sizes, columns);
  } finally {
    await registry.remove();
  }
}

/** Each kind of read, and the statements that the routes run for it. */
function reads({ db }: LocalRegistry, latest: number): Map<string, D1PreparedStatement[]> {
  const session = db.withSession();
  const reader = readerOf(session);
  const userId = `${USER}0`;
  const prepared = ({ sql, params }: { sql: string; params: unknown[] }) => db.prepare(sql).bind(...params);
  const since = 1_700_000_000_000;
  const asOf = db.prepare(LATEST_SEQ);
  const list = (sort: (typeof INSTANCE_SORTS)[number], rest: object = {}, after = false) => {
    const query = { sort, order: 'desc', limit: 50, ...rest } as const;
    const position = after
      ? { key: sort === 'resourceName' ? 'room 500' : 1_700_000_000_500, last: '' }
      : null;
    return [prepared(instancesStatement(reader, userId, query, position).toSQL()), asOf];
  };
  return new Map([
    ...INSTANCE_SORTS.map((sort) => [`page by ${sort}`, list(sort)] as const),
    ['a later page by createdAt', list('createdAt', {}, true)],
    ['page of those whose name contains "99"', list('lastAccessedAt', { q: '99' })],
    ['page of workspaces', list('lastAccessedAt', { type: 'workspace' })],
    ['usage', [prepared(usageStatement(reader, userId).toSQL()), asOf]],
    ['304, nothing changed', [changesSinceStatement(session, userId, latest)]],
    ['304, 100 changes of others', [changesSinceStatement(session, userId, latest - 100)]],
    ['too many changes to tell (then read anew)', [changesSinceStatement(session, userId, latest - 5_000)]],
    ['operators: totals', [db.prepare(TOTALS).bind(null), db.prepare(COUNT_USERS)]],
    [
      'operators: totals and growth',
      [db.prepare(TOTALS).bind(since), db.prepare(COUNT_USERS), db.prepare(COUNT_DELETED).bind(since)],
    ],
    ['operators: page of users by storage', [db.prepare(USERS_BY_STORAGE).bind(null, null, 51)]],
    ['operators: page of rooms by storage', [db.prepare(ROOMS_BY_STORAGE).bind(null, null, 51)]],
    ['operators: a later page of rooms', [db.prepare(ROOMS_BY_STORAGE).bind(4_096_000, 'user:', 51)]],
  ]);
}

async function measureAll(registry: LocalRegistry): Promise<Map<string, Measured>> {
  const latest = (await registry.db.prepare(LATEST_SEQ).first<number>('latestSeq')) ?? 0;
  const measured = new Map<string, Measured>();
  for (const [name, statements] of reads(registry, latest)) {
    const times: number[] = [];
    let rowsRead = 0;
    for (let run = 0; run < RUNS; run++) {
      const startedAt = performance.now();
      const results = await registry.db.batch(statements);
      times.push(performance.now() - startedAt);
      rowsRead = results.reduce((sum, { meta }) => sum + meta.rows_read, 0);
    }
    measured.set(name, { rowsRead, ms: times.toSorted((one, other) => one - other)[RUNS / 2] ?? 0 });
  }
  return measured;
}

const count = (n: number) => n.toLocaleString('en-US');

function print(rooms: number, sizes: readonly number[], columns: readonly Map<string, Measured>[]): void {
  console.log(`A user with ${count(rooms)} rooms; rows read (ms)\n`);
  console.log(`| read | ${sizes.map((size) => `${count(size)} rows in the table`).join(' | ')} |`);
  console.log(`| --- | ${sizes.map(() => '---').join(' | ')} |`);
  for (const name of columns[0]?.keys() ?? []) {
    const cells = columns.map((column) => {
      const { rowsRead = 0, ms = 0 } = column.get(name) ?? {};
      return `${count(rowsRead)} (${ms.toFixed(1)})`;
    });
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error));
  process.exitCode = 1;
}
