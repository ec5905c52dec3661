import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runToEnd } from '../scripts/lib/processes.ts';
import { makeFolder, removeFolder } from '../test/support/system.ts';
import { wholeNumber } from './lib/options.ts';
import { quantile } from './lib/statistics.ts';
import type { Contender } from './sync/contender.ts';
import { CONTENDERS, PEERS } from './sync/contenders.ts';
import { type Measured, runLoad } from './sync/run-load.ts';

const HELP = `Sync, side by side with the servers that one would otherwise use, on this machine.

  npm run bench:sync [-- options]

  --only WORDS    only benchmarks whose name contains this
  --against LIST  comma-separated names of servers (default: all)
  --rounds N      of each benchmark (default 3); in each round every server has its turn
  --quick         a little of everything, to see that it works: the figures mean nothing
  --help          this text

The peers are installed into bench/peers at the first run. Servers that are Workers run in workerd as Miniflare starts it. The load comes from
a process of its own; what arrived is compared with what was sent before a time counts.`;

/** The figures of a benchmark that its table shows. */
interface Benchmark {
  readonly name: string;
  readonly columns: readonly (readonly [figure: string, title: string, digits: number])[];
  readonly task: Parameters<typeof runLoad>[2];
}

const LATENCY = [
  ['p50', 'p50, ms', 1],
  ['p95', 'p95, ms', 1],
  ['p99', 'p99, ms', 1],
  ['cpuSeconds', 'CPU, s', 2],
] as const;

function benchmarks(quick: boolean): Benchmark[] {
  const edits = quick ? 50 : 500;
  return [
    {
      name: 'fan-out to 9 readers',
      columns: LATENCY,
      task: { load: 'fanOut', readers: 9, edits, everyMs: 10, documentBytes: 0 },
    },
    {
      name: 'fan-out to 99 readers',
      columns: LATENCY,
      task: { load: 'fanOut', readers: quick ? 20 : 99, edits, everyMs: 40, documentBytes: 0 },
    },
    {
      name: 'burst to 9 readers',
      columns: [
        ['editsPerSecond', 'edits/s', 0],
        ['ms', 'ms', 0],
        ['cpuSeconds', 'CPU, s', 2],
      ],
      task: { load: 'burst', readers: 9, edits: quick ? 100 : 1_000, everyMs: 0, documentBytes: 0 },
    },
    {
      name: 'herd',
      columns: [
        ['ms', 'ms', 0],
        ['timesDocument', 'bytes a joiner, times the document', 3],
        ['bytesPerBystander', 'bytes a bystander', 0],
        ['cpuSeconds', 'CPU, s', 2],
      ],
      task: { load: 'herd', readers: quick ? 10 : 100, edits: 0, everyMs: 0, documentBytes: 1_000_000 },
    },
  ];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      against: { type: 'string', default: Object.keys(CONTENDERS).join() },
      rounds: { type: 'string', default: '3' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const rounds = values.quick ? 1 : wholeNumber('rounds', values.rounds);
  const chosen = benchmarks(values.quick).filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) throw new Error(`No benchmark's name contains "${values.only}".`);
  const names = values.against.split(',');
  await installPeers();

  const folder = await makeFolder();
  const contenders: Contender[] = [];
  try {
    for (const name of names) {
      const start = CONTENDERS[name];
      if (start === undefined)
        throw new Error(`There is no "${name}", only ${Object.keys(CONTENDERS).join()}.`);
      const own = path.join(folder, String(contenders.length));
      await mkdir(own);
      console.log(`starting ${name}`);
      contenders.push(await start(own));
    }
    for (const benchmark of chosen) await measure(benchmark, contenders, rounds);
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
    await removeFolder(folder);
  }
}

async function installPeers(): Promise<void> {
  if (existsSync(path.join(PEERS, 'node_modules/.package-lock.json'))) return;
  console.log('installing the peers into bench/peers');
  await runToEnd({ command: 'npm', args: ['ci'], cwd: PEERS });
}

/** Servers take turns, A B C A B C, so that what the machine does meanwhile falls on all of them. */
async function measure(
  { name, columns, task }: Benchmark,
  contenders: readonly Contender[],
  rounds: number,
): Promise<void> {
  const results = new Map<string, Measured[]>(contenders.map((contender) => [contender.name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      if (task.load === 'herd' && !contender.keepsDocuments) continue;
      console.log(`${name}, round ${round} of ${rounds}: ${contender.name}`);
      results.get(contender.name)?.push(await runLoad(contender, randomUUID(), task));
    }
  }
  console.log(`\n### ${name}\n`);
  console.log(`| server | ${columns.map(([, title]) => title).join(' | ')} |`);
  console.log(`| --- | ${columns.map(() => '---').join(' | ')} |`);
  for (const [server, runs] of results) {
    if (runs.length === 0) continue;
    const cells = columns.map(([figure, , digits]) => {
      const values = runs.map((run) => run[figure] ?? Number.NaN);
      const middle = quantile(values, 0.5).toFixed(digits);
      return runs.length === 1
        ? middle
        : `${middle} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
    });
    console.log(`| ${server} | ${cells.join(' | ')} |`);
  }
  console.log('');
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error));
  process.exitCode = 1;
}
