import { CPU_IS, CPU_PER_EDIT, figure, perEdit } from './figures.ts';
import type { SyncBenchmark } from './in-turns.ts';
import { runLoad } from './run-load.ts';

export const ACKNOWLEDGED_BENCHMARK: SyncBenchmark = {
  name: 'acknowledgement',
  method: `A writer sends 200 characters, each after the previous one was acknowledged, with one reader in the room. The time is from sending a character until its acknowledgement. Roomkeeper acknowledges on request, by a message after each edit. ${CPU_IS} The reader’s text is compared with the writer’s.`,
  figures: [figure('p50', 'p50', 'ms', 1), figure('p99', 'p99', 'ms', 1), CPU_PER_EDIT],
  rounds: 3,
  isFor: ({ keepsDocuments }) => keepsDocuments,
  measure: async (contender, { quick }) => {
    const { acknowledges } = contender;
    if (acknowledges === null) return { values: {}, remark: 'no acknowledgement' };
    const edits = quick ? 20 : 200;
    const measured = await runLoad(contender, { load: 'acknowledged', edits });
    return { values: perEdit(measured, edits), remark: `acknowledged means ${acknowledges}` };
  },
};
