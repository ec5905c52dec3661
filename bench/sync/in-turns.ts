import type { Benchmark, BenchmarkOptions, Figure, Subject } from '../lib/benchmark.ts';
import type { Contender } from './contender.ts';
import type { ContenderSet } from './contender-set.ts';

/** What one turn of one server came to. */
export interface Turn {
  /** Whatever was counted, by name; what is missing, or NaN, could not be had. */
  readonly values: Readonly<Record<string, number>>;
  /** Why it could not, for instance. */
  readonly remark?: string;
}

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
  readonly measure: (contender: Contender, options: BenchmarkOptions) => Promise<Turn>;
}

/**
 * Servers take turns, A B C A B C, so that what the machine does meanwhile falls on all of them. In a quick run all have theirs at the
 * same time.
 */
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
    // Where no figure counts, one's waiting is another's time.
    return Promise.all(
      contenders.map(async (contender) => subjectOf(contender, figures, [await measure(contender, options)])),
    );
  }
  const of = Math.min(rounds, options.maxRounds);
  for (let round = 1; round <= of; round++) {
    for (const [contender, turns] of results) {
      options.progress(`round ${round} of ${of}: ${contender.name}`);
      turns.push(await measure(contender, options));
    }
  }
  return Array.from(results, ([contender, turns]) => subjectOf(contender, figures, turns));
}

export function subjectOf(
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
