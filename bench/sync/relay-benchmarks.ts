import { randomUUID } from 'node:crypto';
import {
  BYTES_PER_BYSTANDER,
  CPU,
  CPU_PER_EDIT,
  EDITS_PER_SECOND,
  LATENCY,
  TIME,
  TIMES_DOCUMENT,
} from './figures.ts';
import type { SyncBenchmark } from './in-turns.ts';
import { runLoad } from './run-load.ts';

const CPU_IS = 'CPU is what all processes of the server took for it.';
const COMPARED = 'At the end the text of each reader is compared with the writer’s.';

/** Of edits that are handed on, and of newcomers who are handed what there is. */
export const relayBenchmarks: readonly SyncBenchmark[] = [
  fanOut(9, 10),
  fanOut(99, 40),
  {
    name: 'burst to 9 readers',
    method: `A writer sends 1,000 keystrokes, each an update of its own, as fast as he can; until the last of 9 readers has the last of them. ${CPU_IS} ${COMPARED}`,
    figures: [EDITS_PER_SECOND, TIME, CPU_PER_EDIT],
    rounds: 3,
    measure: async (contender, { quick }) => {
      const edits = quick ? 100 : 1_000;
      const task = { load: 'burst', readers: 9, edits, everyMs: 0, documentBytes: 0 } as const;
      return perEdit(await runLoad(contender, randomUUID(), task), edits);
    },
  },
  {
    name: 'herd',
    method: `100 clients join a document of 1 MB at the same time, while one more is connected and asks for nothing; until the last has all of it. ${CPU_IS} The text of each joiner is compared with the document’s.`,
    figures: [TIME, TIMES_DOCUMENT, BYTES_PER_BYSTANDER, CPU],
    rounds: 3,
    isFor: ({ keepsDocuments }) => keepsDocuments,
    measure: (contender, { quick }) =>
      runLoad(contender, randomUUID(), {
        load: 'herd',
        readers: quick ? 10 : 100,
        edits: 0,
        everyMs: 0,
        documentBytes: 1_000_000,
      }),
  },
];

function fanOut(readers: number, everyMs: number): SyncBenchmark {
  return {
    name: `fan-out to ${readers} readers`,
    method: `A writer types 500 characters, one each ${everyMs} ms, each an update of its own; from when it is sent until a reader has it, for each edit and each of ${readers} readers. ${CPU_IS} ${COMPARED}`,
    figures: [...LATENCY, CPU_PER_EDIT],
    rounds: 3,
    measure: async (contender, { quick }) => {
      const edits = quick ? 25 : 500;
      const task = { load: 'fanOut', readers, edits, everyMs, documentBytes: 0 } as const;
      return perEdit(await runLoad(contender, randomUUID(), task), edits);
    },
  };
}

function perEdit(result: Readonly<Record<string, number>>, edits: number): Readonly<Record<string, number>> {
  return { ...result, cpuMsPerEdit: ((result['cpuSeconds'] ?? Number.NaN) * 1_000) / edits };
}
