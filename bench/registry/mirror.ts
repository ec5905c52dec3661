import path from 'node:path';
import type pg from 'pg';
import { migratePostgres } from '../../scripts/lib/migrate-postgres.ts';
import { startPostgres } from '../../scripts/lib/postgres.ts';
import { stopGroup } from '../../scripts/lib/processes.ts';
import { type IncrementalSummary, PASS_LIMITS } from '../../src/mirror/passes/incremental-pass.ts';
import { RECONCILE_LIMITS, type ReconcileSummary } from '../../src/mirror/passes/reconcile-pass.ts';
import { startWorker } from '../../test/support/worker-process.ts';
import type { Benchmark, BenchmarkOptions, Subject } from '../lib/benchmark.ts';
import { together } from '../lib/together.ts';
import { filledRegistries } from './filled.ts';
import { countInRanges, countWhole } from './mirror-counts.ts';
import {
  liveMegabytes,
  type MeasuredWorker,
  readChanges,
  runToEnd,
  sendBatches,
  sendOneByOne,
  sql,
  withClient,
} from './mirror-measures.ts';

/** Of 1,000,000 rows and 10,000 users: more say no more. */
const ROUNDS = 1;
const CHANGES_ROUNDS = 5;
const CHANGES = 100;
/** Rows that are sent one by one. */
const SINGLE = 5_000;
const QUICK_SINGLE = 100;
/** Rows from all over the table, others in each round, each with a number later than all. */
const CHANGE_SOME = `UPDATE durable_object_instance SET storage_bytes = ?1, storage_measured_at = 1, seq = seq + ?2
  WHERE do_name IN (
    SELECT do_name FROM (SELECT do_name, row_number() OVER (ORDER BY do_name) AS place FROM durable_object_instance)
    WHERE cast(place AS integer) % cast(?3 AS integer) = cast(?1 AS integer) LIMIT ?4)`;
const LATEST = 'SELECT max(seq) AS seq FROM durable_object_instance';

const measured = together(measure);

const SECONDS = { key: 'seconds', title: 'time', unit: 's', better: 'lower', digits: 2 } as const;
const RATE = {
  key: 'rowsPerSecond',
  title: 'rows per second',
  unit: '1/s',
  better: 'higher',
  digits: 0,
} as const;

export const mirror: readonly Benchmark[] = [
  {
    name: 'mirror: copying all rows',
    method: `The incremental pass copies a registry of 1,000,000 rows, and the history of its 10,000 users, from D1 in workerd into an embedded Postgres that syncs to disk. For comparison, Node sends such rows from its memory: by the pass's own statement in batches of ${PASS_LIMITS.batchRows.toLocaleString('en-US')}, and one row a statement, as a write for each request would (${SINGLE.toLocaleString('en-US')} of them).`,
    // Of one row a statement there are fewer.
    figures: [RATE, { ...SECONDS, better: null }],
    run: measured('copying'),
  },
  {
    name: 'mirror: 100 changes',
    method: `The incremental pass after ${CHANGES} rows of 1,000,000 were changed. Rows read are D1’s own count.`,
    figures: [SECONDS, { key: 'rowsRead', title: 'read in D1', unit: 'rows', better: 'lower', digits: 0 }],
    run: measured('changes'),
  },
  {
    name: 'mirror: comparing all rows',
    method: `The reconcile pass over 1,000,000 equal rows: it reads, sends and hashes every byte, in ranges of ${RECONCILE_LIMITS.rangeRows.toLocaleString('en-US')} rows. For comparison, \`count\` of every column of every row, in D1 and then in Postgres: by the same ranges, and of the whole tables. A count sends and hashes nothing, and Postgres counts with all cores.`,
    figures: [SECONDS, RATE],
    run: measured('comparing'),
  },
  {
    name: 'mirror: memory of the Worker',
    method:
      'The maximum of what V8 holds in the isolate of the Worker (128 MB on Cloudflare) between turns of the event loop, including its code and without D1: idle; in a reconcile pass over equal rows, and over rows that all differ; and in an incremental pass that copies as much as one run may.',
    figures: [{ key: 'megabytes', title: 'live memory', unit: 'MB', better: 'lower', digits: 0 }],
    run: measured('memory'),
  },
];

type Tables = Record<'copying' | 'changes' | 'comparing' | 'memory', readonly Subject[]>;

async function measure(options: BenchmarkOptions): Promise<Tables> {
  const { quick, folder, progress } = options;
  progress('filling a registry');
  const { large } = await filledRegistries({ quick });
  await large.copyTo(folder);
  const postgres = await startPostgres({ dataDir: path.join(folder, 'postgres') });
  try {
    const url = postgres.connectionString;
    await migratePostgres(url);
    await migratePostgres(url, 'peer');
    const { worker, origin } = await startWorker('test/worker/entries/measured-mirror.ts', folder, {
      postgresUrl: url,
    });
    try {
      return await measureTables({ origin, pids: await worker.tree() }, url, large.rows, options);
    } finally {
      await stopGroup(worker.child.pid);
    }
  } finally {
    await postgres.stop();
  }
}

async function measureTables(
  worker: MeasuredWorker,
  url: string,
  rows: number,
  { quick, maxRounds, progress }: BenchmarkOptions,
): Promise<Tables> {
  const pass: number[] = [];
  const batches: number[] = [];
  const single: number[] = [];
  const singles = quick ? QUICK_SINGLE : SINGLE;
  const peerUrl = new URL(url);
  peerUrl.searchParams.set('options', '-csearch_path=peer');
  const times = quick ? 1 : Math.min(ROUNDS, maxRounds);
  const changesTimes = quick ? 1 : Math.min(CHANGES_ROUNDS, maxRounds);
  for (let round = 1; round <= times; round++) {
    progress(`copying, round ${round} of ${times}`);
    await withClient(url, (client) => empty(client));
    pass.push(secondsOf(await runToEnd<IncrementalSummary>(worker, 'incremental')));
    await checkCopied(url, rows);
    await withClient(peerUrl.toString(), async (client) => {
      await client.query('truncate durable_object_instance');
      batches.push(await sendBatches(client, rows, PASS_LIMITS.batchRows));
      await client.query('truncate durable_object_instance');
      single.push(await sendOneByOne(client, singles));
    });
  }
  const changes: number[] = [];
  let rowsRead = 0;
  for (let round = 1; round <= changesTimes; round++) {
    progress(`${CHANGES} changes, round ${round} of ${changesTimes}`);
    const after = await change(worker, round, rows);
    const read = await readChanges(worker, after);
    if (read.changes !== CHANGES) throw new Error(`${read.changes} changes`);
    rowsRead = read.rowsRead;
    changes.push(secondsOf(await runToEnd<IncrementalSummary>(worker, 'incremental')));
  }
  const reconcile: number[] = [];
  const inRanges: number[] = [];
  const whole: number[] = [];
  for (let round = 1; round <= times; round++) {
    progress(`comparing, round ${round} of ${times}`);
    reconcile.push(await compare(worker));
    inRanges.push(await countInRanges(worker, url, RECONCILE_LIMITS.rangeRows));
    whole.push(await countWhole(worker, url));
  }
  progress('memory');
  const memory = await withClient(url, (client) => liveMegabytes(worker, client));
  return {
    copying: [
      timed('incremental pass', 'ours', pass, rows),
      timed('batches from memory', 'floor', batches, rows),
      timed('one row a statement', 'peer', single, singles),
    ],
    changes: [{ name: 'incremental pass', role: 'ours', values: { seconds: changes, rowsRead: [rowsRead] } }],
    comparing: [
      timed('reconcile pass', 'ours', reconcile, rows),
      timed('count, by ranges', 'floor', inRanges, rows),
      timed('count, whole tables', 'floor', whole, rows),
    ],
    memory: Object.entries(memory).map(([name, megabytes]) => ({
      name,
      role: 'ours',
      values: { megabytes: [megabytes] },
    })),
  };
}

function timed(name: string, role: Subject['role'], seconds: readonly number[], rows: number): Subject {
  return { name, role, values: { seconds, rowsPerSecond: seconds.map((each) => rows / each) } };
}

const secondsOf = (runs: readonly IncrementalSummary[]): number =>
  runs.reduce((sum, { seconds }) => sum + seconds, 0);

const empty = (client: pg.Client) =>
  client.query('truncate durable_object_instance, user_storage_day, mirror_checkpoint');

async function checkCopied(url: string, rows: number): Promise<void> {
  const { rows: counted } = await withClient(url, (client) =>
    client.query<{ n: number }>('select count(*)::int as n from durable_object_instance'),
  );
  if (counted[0]?.n !== rows) throw new Error(`${counted[0]?.n} rows of ${rows} were copied`);
}

/** @returns the number after which the changes come */
async function change(worker: MeasuredWorker, round: number, rows: number): Promise<number> {
  const [latest] = await sql(worker, [LATEST, []]);
  const after = Number(latest?.first?.['seq']);
  await sql(worker, [CHANGE_SOME, [round, after, Math.floor(rows / CHANGES), CHANGES]]);
  return after;
}

async function compare(worker: MeasuredWorker): Promise<number> {
  const summary = (await runToEnd<ReconcileSummary>(worker, 'reconcile')).at(-1);
  if (summary === undefined || summary.missing + summary.extra + summary.different > 0) {
    throw new Error(`the copy was not equal: ${JSON.stringify(summary)}`);
  }
  return summary.seconds;
}
