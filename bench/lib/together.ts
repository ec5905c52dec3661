import type { Benchmark, BenchmarkOptions, Subject } from './benchmark.ts';

/**
 * Several tables from one measurement, which the first of them makes that is asked for.
 * @returns what a benchmark runs, by the key of its part
 */
export function together<Key extends string>(
  measure: (options: BenchmarkOptions) => Promise<Readonly<Record<Key, readonly Subject[]>>>,
): (key: Key) => Benchmark['run'] {
  let measured: ReturnType<typeof measure> | null = null;
  return (key) => async (options) => {
    measured ??= measure(options);
    return (await measured)[key];
  };
}
