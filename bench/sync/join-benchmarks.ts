import { randomUUID } from 'node:crypto';
import { CPU, CPU_IS, figure, MEMORY } from './figures.ts';
import type { SyncBenchmark } from './in-turns.ts';
import { runLoad } from './run-load.ts';
import { afterSavingMs, restart } from './two-clients.ts';

/** In a quick run every document is this one. */
const QUICK_BYTES = 100_000;

/** Of newcomers to documents of several sizes. */
export const JOIN_BENCHMARKS: readonly SyncBenchmark[] = [join(0.1, 2), join(3, 2), join(12, 1), join(40, 1)];

function join(megabytes: number, rounds: number): SyncBenchmark {
  return {
    name: `join of ${megabytes} MB`,
    method: `A client joins a document of ${megabytes} MB, pasted in pieces of at most 1 MB. The time ends when it has the whole document. In memory: the author is connected. Evicted: the server was stopped after it had saved, started again, and another room was edited. CPU and memory are those of the second case. ${CPU_IS} Memory is the resident memory of its processes afterwards. The client’s text is compared with the document’s.`,
    figures: [figure('warmMs', 'in memory', 'ms', 0), figure('ms', 'evicted', 'ms', 0), CPU, MEMORY],
    rounds,
    isFor: ({ keepsDocuments }) => keepsDocuments,
    measure: async (contender, { quick }) => {
      const room = randomUUID();
      const documentBytes = quick ? QUICK_BYTES : megabytes * 1e6;
      const settleMs = afterSavingMs(contender);
      const warm = await runLoad(contender, { load: 'write', room, documentBytes, settleMs });
      await restart(contender);
      const measured = await runLoad(contender, { load: 'join', room, documentBytes });
      const warmMs = warm['ms'] ?? Number.NaN;
      if (!Number.isNaN(measured['ms'])) return { values: { ...measured, warmMs } };
      return { values: { warmMs }, remark: 'lost: the document was empty after the restart' };
    },
  };
}
