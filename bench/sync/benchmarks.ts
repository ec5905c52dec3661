import type { Benchmark } from '../lib/benchmark.ts';
import { ContenderSet } from './contender-set.ts';
import { inTurns } from './in-turns.ts';
import { relayBenchmarks } from './relay-benchmarks.ts';

/** The benchmarks of sync, which share servers. */
export interface SyncBenchmarks {
  readonly benchmarks: readonly Benchmark[];
  /** Stops the servers that they have started. To be called once the last one has run, or failed. */
  readonly close: () => Promise<void>;
}

/** Roomkeeper beside the servers that one would otherwise use, and the least that the platform takes for the same. */
export function syncBenchmarks(): SyncBenchmarks {
  const set = new ContenderSet();
  return {
    benchmarks: relayBenchmarks.map((benchmark) => inTurns(set, benchmark)),
    close: () => set.close(),
  };
}
