import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { costBenchmarks } from './cost/benchmarks.ts';
import { GOALS } from './goals.ts';
import type { Benchmark } from './lib/benchmark.ts';
import { isAimless } from './lib/goal.ts';
import { describeMachine, versions } from './lib/machine.ts';
import { wholeNumber } from './lib/options.ts';
import { page } from './lib/page.ts';
import {
  type BenchmarkResult,
  formatFile,
  LATEST,
  readResults,
  type Results,
  writeResults,
} from './lib/results.ts';
import { runBenchmarks, type RunOptions } from './lib/run-benchmarks.ts';
import { benchmarkTable } from './lib/tables.ts';
import { workInFolder } from './lib/work-in-folder.ts';
import { dashboard } from './registry/dashboard.ts';
import { mirror } from './registry/mirror.ts';
import { reads } from './registry/reads.ts';
import { registryWrites } from './registry/writes.ts';
import { relaying } from './room/relaying.ts';
import { syncBenchmarks } from './sync/benchmarks.ts';

const PAGE = path.join(import.meta.dirname, '../docs/internals/benchmarks.md');
const HELP = `Compares Roomkeeper with other sync servers on this machine.

  npm run bench [-- options]

  --list         prints the names of the benchmarks
  --only TEXTS   only benchmarks with one of these comma-separated texts in their name
  --rounds N     at most N rounds of each benchmark
  --quick        a short run that only checks that benchmarks work; its figures mean nothing
  --trace FILE   types this sequential editing trace (docs/internals/conformance.md) instead of a generated paper
  --out FILE     writes the results to this file
  --page         writes docs/internals/benchmarks.md from bench/results/latest.json, without measuring
  --help         this text

A run without --quick, --only and --trace writes bench/results/latest.json and docs/internals/benchmarks.md. A failed benchmark
does not stop the others; the exit code is 1. The other servers are installed into bench/peers when they are first needed.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      list: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      trace: { type: 'string' },
      out: { type: 'string' },
      page: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick, only, out } = values;
  if (values.help) return print(HELP);
  if (values.page) {
    await writePage(await readResults(LATEST));
    return 0;
  }
  const maxRounds = values.rounds === undefined ? Infinity : wholeNumber('rounds', values.rounds);
  const sync = syncBenchmarks();
  const timed = [...sync.benchmarks, relaying, reads, dashboard, ...mirror];
  // They count and mostly wait, so they run in parallel.
  const counted = [registryWrites, costBenchmarks];
  const all = [...timed, ...counted.flat()];
  if (values.list) return print(all.map(({ name }) => name).join('\n'));
  const chosen = only === undefined ? all : choose(all, only);

  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  const stages = (
    quick ? [[sync.benchmarks, timed.slice(sync.benchmarks.length), ...counted]] : [[timed], counted]
  ).map((lanes) => lanes.map((lane) => lane.filter((benchmark) => chosen.includes(benchmark))));
  const benchmarks = await measure(stages, { quick, maxRounds, traceFile: values.trace }, sync.close);
  print(benchmarks.map(formatResult).join('\n'));
  const isComplete = only === undefined && !quick && values.trace === undefined;
  const results: Results = {
    startedAt,
    quick,
    machine,
    versions: await versions(),
    benchmarks,
  };
  if (out !== undefined) await writeResults(path.resolve(out), results);
  else if (isComplete) {
    await mkdir(path.dirname(LATEST), { recursive: true });
    await writeResults(LATEST, results);
    await writePage(await readResults(LATEST));
  }
  const failed = benchmarks.filter(({ failure }) => failure !== null);
  for (const { name, failure } of failed) console.error(`FAILED  ${name}: ${failure}`);
  const aimless = only === undefined ? GOALS.filter((goal) => isAimless(goal, benchmarks)) : [];
  for (const goal of aimless)
    console.error(`FAILED  no benchmark measures this goal: ${JSON.stringify(goal)}`);
  return failed.length + aimless.length === 0 ? 0 : 1;
}

/** @throws with all names if a text is in none of them */
function choose(all: readonly Benchmark[], only: string): Benchmark[] {
  const words = only.split(',').map((word) => word.trim());
  for (const word of words) {
    if (word !== '' && all.some(({ name }) => name.includes(word))) continue;
    throw new Error(
      `No benchmark's name contains "${word}". Choose from:\n${all.map(({ name }) => name).join('\n')}`,
    );
  }
  return all.filter(({ name }) => words.some((word) => name.includes(word)));
}

async function measure(
  stages: readonly (readonly (readonly Benchmark[])[])[],
  options: Pick<RunOptions, 'quick' | 'maxRounds' | 'traceFile'>,
  close: () => Promise<void>,
): Promise<BenchmarkResult[]> {
  // Compiling takes most of wrangler's start time.
  process.env['NODE_COMPILE_CACHE'] ??= path.join(import.meta.dirname, '../node_modules/.cache/compiled');
  const stray = Promise.withResolvers<never>();
  stray.promise.catch(() => undefined);
  process.on('uncaughtException', (error) => stray.reject(error));
  const took = await readLastDurations();
  return workInFolder(async (folder, signal) => {
    try {
      return await runBenchmarks(stages, {
        ...options,
        folder,
        took,
        print: (line) => console.log(line),
        strayError: stray.promise,
        signal,
      });
    } finally {
      await close();
    }
  });
}

async function readLastDurations(): Promise<Map<string, number>> {
  try {
    const { benchmarks } = await readResults(LATEST);
    return new Map(benchmarks.map(({ name, seconds }) => [name, seconds]));
  } catch (error) {
    console.log(`The last results are unreadable, so there is no estimate: ${String(error)}`);
    return new Map();
  }
}

function formatResult(result: BenchmarkResult): string {
  const { name, failure } = result;
  return `\n${name}\n\n${failure === null ? benchmarkTable(result) : `failed: ${failure}`}\n`;
}

async function writePage(results: Results): Promise<void> {
  await writeFile(PAGE, page(results));
  await formatFile(PAGE);
}

function print(text: string): number {
  console.log(text);
  return 0;
}

try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
