import type { Benchmark } from '../lib/benchmark.ts';
import { ACKNOWLEDGED_BENCHMARK } from './acknowledged-benchmark.ts';
import { ContenderSet } from './contender-set.ts';
import { FIRST_FRAME_BENCHMARK } from './first-frame-benchmark.ts';
import { inTurns } from './in-turns.ts';
import { JOIN_BENCHMARKS } from './join-benchmarks.ts';
import { killBenchmark } from './kill-benchmark.ts';
import { RELAY_BENCHMARKS } from './relay-benchmarks.ts';
import { ROOMS_BENCHMARKS } from './rooms-benchmarks.ts';
import { typingBenchmark } from './typing-benchmark.ts';

/** The benchmarks of sync, which share servers. */
export interface SyncBenchmarks {
  readonly benchmarks: readonly Benchmark[];
  /** Stops the servers that they have started. To be called once the last one has run, or failed. */
  readonly close: () => Promise<void>;
}

/** Roomkeeper beside the servers that one would otherwise use, and the least that the platform takes for the same. */
export function syncBenchmarks(): SyncBenchmarks {
  const set = new ContenderSet();
  const eachInTurn = [
    ...RELAY_BENCHMARKS,
    ACKNOWLEDGED_BENCHMARK,
    ...ROOMS_BENCHMARKS,
    ...JOIN_BENCHMARKS,
    FIRST_FRAME_BENCHMARK,
  ];
  return {
    benchmarks: [
      ...eachInTurn.map((benchmark) => inTurns(set, benchmark)),
      killBenchmark(set),
      typingBenchmark(set),
    ],
    close: () => set.close(),
  };
}
