import type { Benchmark, BenchmarkOptions, Figure, Subject } from '../lib/benchmark.ts';
import type { Contender } from './contender.ts';
import type { ContenderSet } from './contender-set.ts';

/** A benchmark that each server goes through by itself. */
export interface SyncBenchmark {
  readonly name: string;
  readonly method: string;
  readonly figures: readonly Figure[];
  /** How often each server has its turn; once where all is quick. */
  readonly rounds: number;
  /** Which servers it makes sense for; all, unless told. */
  readonly isFor?: (contender: Contender) => boolean;
  /** One turn of one server. */
  readonly measure: (
    contender: Contender,
    options: BenchmarkOptions,
  ) => Promise<Readonly<Record<string, number>>>;
  readonly remark?: (contender: Contender) => string | undefined;
}

/** Servers take turns, A B C A B C, so that what the machine does meanwhile falls on all of them. */
export function inTurns(set: ContenderSet, benchmark: SyncBenchmark): Benchmark {
  const { name, method, figures } = benchmark;
  return { name, method, figures, run: async (options) => run(set, benchmark, options) };
}

async function run(
  set: ContenderSet,
  { figures, rounds, isFor = () => true, measure, remark }: SyncBenchmark,
  options: BenchmarkOptions,
): Promise<readonly Subject[]> {
  const contenders = (await set.all(options.progress)).filter(isFor);
  const turns = new Map<Contender, Readonly<Record<string, number>>[]>(
    contenders.map((contender) => [contender, []]),
  );
  const of = options.quick ? 1 : Math.min(rounds, options.mostRounds);
  for (let round = 1; round <= of; round++) {
    for (const [contender, results] of turns) {
      options.progress(`round ${round} of ${of}: ${contender.name}`);
      results.push(await measure(contender, options));
    }
  }
  return Array.from(turns, ([contender, results]) => {
    const told = remark?.(contender);
    return {
      name: contender.name,
      role: contender.role,
      values: Object.fromEntries(
        figures.map(({ key }) => [key, results.map((result) => result[key] ?? Number.NaN)]),
      ),
      ...(told === undefined ? {} : { remark: told }),
    };
  });
}
