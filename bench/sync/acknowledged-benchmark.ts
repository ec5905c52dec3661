import { CPU_IS, CPU_PER_EDIT, figure, perEdit } from './figures.ts';
import type { SyncBenchmark } from './in-turns.ts';
import { runLoad } from './run-load.ts';

export const ACKNOWLEDGED_BENCHMARK: SyncBenchmark = {
  name: 'acknowledgement',
  method: `200 characters, each sent once the one before it was acknowledged to its writer, with one reader in the room; from when it is sent until it is acknowledged. Roomkeeper is asked for it with a frame behind each edit. ${CPU_IS} The reader’s text is compared with the writer’s.`,
  figures: [figure('p50', 'p50', 'ms', 1), figure('p99', 'p99', 'ms', 1), CPU_PER_EDIT],
  rounds: 3,
  isFor: ({ keepsDocuments }) => keepsDocuments,
  measure: async (contender, { quick }) => {
    const { acknowledges } = contender;
    if (acknowledges === null) return { values: {}, remark: 'never told' };
    const edits = quick ? 20 : 200;
    const measured = await runLoad(contender, { load: 'acknowledged', edits });
    return { values: perEdit(measured, edits), remark: `acknowledged means: ${acknowledges}` };
  },
};
