import path from 'node:path';
import { parseArgs } from 'node:util';
import { migratePostgres } from '../scripts/lib/migrate-postgres.ts';
import { startPostgres } from '../scripts/lib/postgres.ts';
import { stopGroup } from '../scripts/lib/processes.ts';
import { type IncrementalSummary, PASS_LIMITS } from '../src/mirror/incremental-pass.ts';
import { RECONCILE_LIMITS, type ReconcileSummary } from '../src/mirror/reconcile-pass.ts';
import { INSTANCE_COLUMNS } from '../src/registry/columns.ts';
import { makeFolder, removeFolder } from '../test/support/system.ts';
import { startWorker } from '../test/support/worker-process.ts';
import {
  fillRegistry,
  liveMegabytes,
  type MeasuredWorker,
  peakMegabytes,
  readChanges,
  runToEnd,
  sendBatches,
  sendOneByOne,
  sql,
  timed,
  withClient,
} from './lib/mirror-measures.ts';
import { wholeNumber } from './lib/options.ts';

const HELP = `How fast the mirror is, beside what it could be at best, on this machine.

  npm run bench:mirror [-- options]

  --rows N     of the registry (default 1000000)
  --single N   rows sent one by one, as a peer (default 5000)
  --help       this text

The Worker runs in workerd with its D1 and, through Hyperdrive's local stand-in, an embedded Postgres 18 that syncs to disk. The
rows of the peers are made by Node and are in memory when the clock starts. A count is of every column of every row.`;

const CHANGES = 100;
const COLUMNS = INSTANCE_COLUMNS.map(({ column }) => column);
/** A plus makes SQLite read columns that cannot be null, too; without it, it counts rows and looks at no column. */
const COUNT_COLUMNS_D1 = `SELECT ${COLUMNS.map((column) => `count(+${column}) AS ${column}`).join()} FROM durable_object_instance`;
const COUNT_COLUMNS = `SELECT ${COLUMNS.map((column) => `count(${column}) AS ${column}`).join()} FROM durable_object_instance`;
const CHANGE_SOME = `UPDATE durable_object_instance SET storage_bytes = 1, storage_measured_at = 1, seq = seq + ?1
  WHERE seq IN (SELECT 1 + value * ?2 FROM json_each(?3))`;

type Line = readonly [what: string, seconds: number, rows: number, note: string];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000000' },
      single: { type: 'string', default: '5000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const rows = wholeNumber('rows', values.rows, CHANGES);
  const single = wholeNumber('single', values.single);

  const folder = await makeFolder();
  const postgres = await startPostgres({ dataDir: path.join(folder, 'postgres') });
  try {
    const url = postgres.connectionString;
    await migratePostgres(url);
    await migratePostgres(url, 'peer');
    const { worker, origin } = await startWorker('test/worker/entries/measured-mirror.ts', folder, url);
    try {
      const measured: MeasuredWorker = { origin, pids: await worker.tree() };
      print(await measure(measured, url, rows, single));
    } finally {
      await stopGroup(worker.child.pid);
    }
  } finally {
    await postgres.stop();
    await removeFolder(folder);
    await removeFolder(postgres.dataDir);
  }
}

async function measure(worker: MeasuredWorker, url: string, rows: number, single: number): Promise<Line[]> {
  await fillRegistry(worker, rows);
  const lines: Line[] = [];
  const add = (...line: Line) => lines.push(line);

  const runs = await runToEnd<IncrementalSummary>(worker, 'incremental');
  const longest = Math.max(...runs.map(({ seconds }) => seconds));
  const peak = await peakMegabytes(worker);
  const backfill = sum(runs.map(({ seconds }) => seconds));
  add(
    'incremental pass: all rows are new',
    backfill,
    rows,
    `${runs.length} runs, the longest ${longest.toFixed(1)} s`,
  );

  const inPeerSchema = new URL(url);
  inPeerSchema.searchParams.set('options', '-csearch_path=peer');
  await withClient(inPeerSchema.toString(), async (client) => {
    const raw = await sendBatches(client, rows, PASS_LIMITS.batchRows);
    const share = `the pass reaches ${Math.round((100 * raw) / backfill)} % of it`;
    add('peer: unnest batches from memory', raw, rows, share);
    await client.query('truncate durable_object_instance');
    add('peer: one row a statement', await sendOneByOne(client, single), single, '');
  });

  await sql(worker, [
    CHANGE_SOME,
    [rows, Math.floor(rows / CHANGES), JSON.stringify(Array.from({ length: CHANGES }, (_, i) => i))],
  ]);
  const { changes, rowsRead } = await readChanges(worker, rows);
  const after = await runToEnd<IncrementalSummary>(worker, 'incremental');
  const read = `${rowsRead.toLocaleString('en-US')} rows of D1 read`;
  add(`incremental pass: ${changes} changes`, sum(after.map(({ seconds }) => seconds)), changes, read);

  // The fastest of three: the first one after so many writes also tidies up after them.
  const inD1 = await fastest(async () => {
    const [count] = await sql(worker, [COUNT_COLUMNS_D1, []]);
    return (count?.meta.duration ?? 0) / 1000;
  });
  const counted = await withClient(url, (client) => fastest(() => timed(() => client.query(COUNT_COLUMNS))));
  const both = inD1 + counted;
  add(
    'count of every column, D1 and Postgres',
    both,
    2 * rows,
    `${inD1.toFixed(2)} s and ${counted.toFixed(2)} s`,
  );
  const inRanges = await countInRanges(worker, url, RECONCILE_LIMITS.rangeRows);
  add(`the same in ranges of ${RECONCILE_LIMITS.rangeRows} rows`, inRanges, 2 * rows, '');
  const passes = await runToEnd<ReconcileSummary>(worker, 'reconcile');
  const reconcile = passes.at(-1);
  if (reconcile === undefined || reconcile.missing + reconcile.extra + reconcile.different > 0) {
    throw new Error(`the copy was not equal: ${JSON.stringify(reconcile)}`);
  }
  const times = (counts: number) => (reconcile.seconds / counts).toFixed(1);
  const note = `${times(both)} times the counts, ${times(inRanges)} times those in ranges`;
  add('reconcile pass: all rows are equal', reconcile.seconds, rows, note);
  if (peak !== null) console.log(`Peak memory of workerd with its D1, after the first copy: ${peak} MB`);
  if (process.platform === 'linux') {
    const { idle, copied, equal, different } = await withClient(url, (client) =>
      liveMegabytes(worker, client),
    );
    console.log(
      `Live memory of the Worker alone, at most: ${idle} MB idle, ${copied} MB while it copies, ${equal} MB while it compares equal rows, ${different} MB where each row differs\n`,
    );
  }
  return lines;
}

/** @returns the seconds of both sides */
async function countInRanges(worker: MeasuredWorker, url: string, rangeRows: number): Promise<number> {
  const counts = COLUMNS.map((column) => `count(+${column})`).join('+');
  const inD1 = `SELECT ${counts} AS n, max(do_name) AS last
    FROM (SELECT * FROM durable_object_instance WHERE do_name > ?1 ORDER BY do_name LIMIT ?2)`;
  const inPostgres = `select ${counts.replaceAll('(+', '(')} from durable_object_instance where do_name > $1 and do_name <= $2`;
  return withClient(url, async (client) => {
    let seconds = 0;
    for (let from = ''; ;) {
      const [range] = await sql(worker, [inD1, [from, rangeRows]]);
      const to = range?.first?.['last'];
      if (typeof to !== 'string') return seconds;
      const start = from;
      seconds +=
        (range?.meta.duration ?? 0) / 1000 + (await timed(() => client.query(inPostgres, [start, to])));
      from = to;
    }
  });
}

async function fastest(measure: () => Promise<number>): Promise<number> {
  return Math.min(await measure(), await measure(), await measure());
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

function print(lines: readonly Line[]): void {
  console.log('| what | seconds | rows/s | |\n| --- | --- | --- | --- |');
  for (const [what, seconds, rows, note] of lines) {
    const rate = Math.round(rows / seconds).toLocaleString('en-US');
    console.log(`| ${what} | ${seconds.toFixed(2)} | ${rate} | ${note} |`);
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error));
  process.exitCode = 1;
}
