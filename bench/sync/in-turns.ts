import type { Benchmark, BenchmarkOptions, Figure, Subject } from '../lib/benchmark.ts';
import type { Contender } from './contender.ts';
import type { ContenderSet } from './contender-set.ts';

export interface Turn {
  /** By figure; missing or NaN if unavailable. */
  readonly values: Readonly<Record<string, number>>;
  /** For example why a value is unavailable. */
  readonly remark?: string;
}

/** A benchmark that measures one server at a time. */
export interface SyncBenchmark {
  readonly name: string;
  readonly method: string;
  readonly figures: readonly Figure[];
  /** Rounds per server; 1 in a quick run. */
  readonly rounds: number;
  /** Which servers take part; default: all. */
  readonly isFor?: (contender: Contender) => boolean;
  readonly measure: (contender: Contender, options: BenchmarkOptions) => Promise<Turn>;
}

/** Servers take turns (A B C A B C), so that other load on the machine affects all. In a quick run they run in parallel. */
export function inTurns(set: ContenderSet, benchmark: SyncBenchmark): Benchmark {
  const { name, method, figures } = benchmark;
  return { name, method, figures, run: async (options) => run(set, benchmark, options) };
}

async function run(
  set: ContenderSet,
  { figures, rounds, isFor = () => true, measure }: SyncBenchmark,
  options: BenchmarkOptions,
): Promise<readonly Subject[]> {
  const contenders = (await set.all(options.progress)).filter(isFor);
  const results = new Map<Contender, Turn[]>(contenders.map((contender) => [contender, []]));
  if (options.quick) {
    // The figures of a quick run mean nothing.
    return Promise.all(
      contenders.map(async (contender) =>
        createSubject(contender, figures, [await measure(contender, options)]),
      ),
    );
  }
  const of = Math.min(rounds, options.maxRounds);
  for (let round = 1; round <= of; round++) {
    for (const [contender, turns] of results) {
      options.progress(`round ${round} of ${of}: ${contender.name}`);
      turns.push(await measure(contender, options));
    }
  }
  return Array.from(results, ([contender, turns]) => createSubject(contender, figures, turns));
}

export function createSubject(
  { name, role }: Contender,
  figures: readonly Figure[],
  turns: readonly Turn[],
): Subject {
  const remarks = new Set(turns.flatMap(({ remark = '' }) => (remark === '' ? [] : [remark])));
  const measured = ({ key }: Figure): number[] =>
    turns.flatMap(({ values }) => {
      const value = values[key] ?? Number.NaN;
      return Number.isFinite(value) ? [value] : [];
    });
  return {
    name,
    role,
    values: Object.fromEntries(figures.map((figure) => [figure.key, measured(figure)])),
    ...(remarks.size > 0 && { remark: [...remarks].join('; ') }),
  };
}
