import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Benchmark, Subject } from './benchmark.ts';
import type { BenchmarkResult } from './results.ts';

const PROJECT = path.join(import.meta.dirname, '../..');
/** A benchmark that takes longer has failed. */
const TIME_LIMIT_S = 900;
/** Estimate for a benchmark without results. */
const USUAL_S = 60;
const USUAL_QUICK_S = 10;
const FAILURE_CHARACTERS = 300;

export interface RunOptions {
  readonly quick: boolean;
  readonly maxRounds: number;
  readonly traceFile: string | undefined;
  /** Empty; each benchmark gets a subfolder. */
  readonly folder: string;
  /** Seconds of the last run, by name. */
  readonly took: ReadonlyMap<string, number>;
  readonly print: (line: string) => void;
  /** Rejects on an error outside the benchmarks. */
  readonly strayError: Promise<never>;
  /** After an abort no benchmark starts, and results of running ones are ignored. */
  readonly signal: AbortSignal;
}

/**
 * Runs all benchmarks, also after failures: stages in sequence, the lanes of a stage in parallel, the benchmarks of a lane in
 * sequence, because they may share servers.
 * @returns results in the order of stages and lanes
 */
export async function runBenchmarks(
  stages: readonly (readonly (readonly Benchmark[])[])[],
  options: RunOptions,
): Promise<BenchmarkResult[]> {
  const startedAt = performance.now();
  const all = stages.flat(2);
  const done: BenchmarkResult[] = [];
  const say = (line: string) => {
    if (options.signal.aborted) return;
    const elapsed = (performance.now() - startedAt) / 1_000;
    options.print(`${time(elapsed)}${estimate(all, done, elapsed, options)}  ${line}`);
  };
  const runLane = async (lane: readonly Benchmark[]): Promise<BenchmarkResult[]> => {
    const results: BenchmarkResult[] = [];
    for (const benchmark of lane) {
      if (options.signal.aborted) break;
      const number = all.indexOf(benchmark) + 1;
      say(`${benchmark.name} (${number} of ${all.length})`);
      const result = await runOne(benchmark, path.join(options.folder, String(number)), options, say);
      results.push(result);
      done.push(result);
      if (result.failure !== null) say(`${benchmark.name} FAILED: ${result.failure}`);
    }
    return results;
  };
  const results: BenchmarkResult[] = [];
  for (const lanes of stages) results.push(...(await Promise.all(lanes.map(runLane))).flat());
  return results;
}

async function runOne(
  benchmark: Benchmark,
  folder: string,
  { quick, maxRounds, traceFile, print, strayError, signal }: RunOptions,
  say: (line: string) => void,
): Promise<BenchmarkResult> {
  const { name, method, figures } = benchmark;
  const startedAt = performance.now();
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => limit.reject(new Error(`not finished after ${TIME_LIMIT_S} s`)),
    TIME_LIMIT_S * 1_000,
  );
  let subjects: readonly Subject[] = [];
  let failure: string | null = null;
  try {
    // Postgres may run as another user, which must be able to enter the folder.
    await mkdir(folder, { mode: 0o711 });
    const progress = (line: string) => say(`${name}: ${line}`);
    subjects = await Promise.race([
      benchmark.run({ quick, maxRounds, traceFile, folder, progress }),
      limit.promise,
      strayError,
    ]);
    check(benchmark, subjects);
  } catch (error) {
    if (!signal.aborted) print(error instanceof Error ? (error.stack ?? error.message) : String(error));
    failure = formatError(error);
  } finally {
    clearTimeout(timer);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    name,
    method,
    seconds,
    failure,
    figures: [...figures],
    subjects: failure === null ? [...subjects] : [],
  };
}

/** @throws for values without a figure, or if all values are missing without a remark */
function check({ figures }: Benchmark, subjects: readonly Subject[]): void {
  for (const { name, values, remark } of subjects) {
    for (const [key, measured] of Object.entries(values)) {
      if (!figures.some((figure) => figure.key === key))
        throw new Error(`${name}: there is no figure "${key}"`);
      if (!measured.every(Number.isFinite)) throw new Error(`${name}: ${key} is ${measured.join()}`);
    }
    const isEmpty = figures.every(({ key }) => (values[key] ?? []).length === 0);
    if (isEmpty && remark === undefined) throw new Error(`${name}: none of its figures was measured`);
  }
}

/** One line, truncated, without paths of this machine. */
function formatError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .replaceAll(PROJECT, '.')
    .replaceAll(tmpdir(), 'tmp')
    .replaceAll(/\s+/g, ' ')
    .slice(0, FAILURE_CHARACTERS);
}

/** The remaining time, from the last durations and the speed of this run. */
function estimate(
  benchmarks: readonly Benchmark[],
  results: readonly BenchmarkResult[],
  elapsed: number,
  { quick, took }: RunOptions,
): string {
  const usual = (names: readonly { name: string }[]) =>
    names.reduce((sum, { name }) => sum + (took.get(name) ?? (quick ? USUAL_QUICK_S : USUAL_S)), 0);
  const done = usual(results);
  if (done === 0) return '';
  const own = results.reduce((sum, { seconds }) => sum + seconds, 0);
  // Parallel lanes take less time than in sequence.
  const left = ((usual(benchmarks) - done) * own) / done / Math.max(1, own / elapsed);
  return ` of about ${time(elapsed + left)}`;
}

function time(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}
