import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, BenchmarkOptions } from '../lib/benchmark.ts';
import type { Contender } from './contender.ts';
import { ContenderSet } from './contender-set.ts';
import { CPU, CPU_IS, CPU_PER_EDIT, EDITS_PER_SECOND, figure, perEdit } from './figures.ts';
import { inTurns, type SyncBenchmark } from './in-turns.ts';
import { hasTrace, recordTrace, TRACE, writeRecording } from './recording.ts';
import { runLoad } from './run-load.ts';
import { afterSavingMs } from './two-clients.ts';

/** What a server stores has grown to its end where it was the same for so long, in milliseconds. */
const STILL_MS = 3_000;
/** Nobody is waited for any longer, in seconds. */
const MOST_WRITING_S = 30;
const QUICK_EDITS = 2_000;
/** Nobody is waited for any longer, in seconds. */
const MOST_S = 110;

/** A whole paper, typed as it was once written. Its servers are its own: what they store for others would count with it. */
export function typingBenchmark(shared: ContenderSet): Benchmark {
  const { name, method, figures } = TYPING;
  return {
    name,
    method,
    figures,
    async run(options) {
      if (!hasTrace()) {
        options.progress(`skipped, because ${TRACE} is not there`);
        return [];
      }
      const recording = recordTrace(options.quick ? QUICK_EDITS : Infinity);
      writeRecording(recordingIn(options), recording);
      if (options.quick) return inTurns(shared, TYPING).run(options);
      const set = new ContenderSet();
      try {
        return await inTurns(set, TYPING).run(options);
      } finally {
        await set.close();
      }
    },
  };
}

const TYPING: SyncBenchmark = {
  name: 'typing a paper',
  method: `The 259,778 edits of automerge-paper (josephg/editing-traces), each an update of its own, sent by one client as fast as one reader gets them, with at most 1,000 characters between the two; what a server takes in ${MOST_S} s where it is slower. ${CPU_IS} The reader’s text is compared with the paper’s. Stored is what the server keeps of it once that grows no more, or ${MOST_WRITING_S} s later.`,
  figures: [EDITS_PER_SECOND, CPU, CPU_PER_EDIT, figure('storedBytes', 'stored after', 'bytes', 0)],
  rounds: 1,
  isFor: ({ keepsDocuments, durability }) => keepsDocuments || durability !== 'none',
  measure: async (contender, options) => {
    const room = randomUUID();
    const recording = recordingIn(options);
    const measured = await runLoad(contender, { load: 'typing', room, recording, mostMs: MOST_S * 1_000 });
    const { edits = 0, ofEdits = 0 } = measured;
    const stored = options.quick
      ? { storedBytes: await contender.storedBytes(room), isWriting: false }
      : await storedInTheEnd(contender, room);
    const remarks = [
      ...(edits < ofEdits ? [`${edits} of ${ofEdits} edits in ${MOST_S} s`] : []),
      ...(stored.isWriting ? [`${MOST_WRITING_S} s later it was still writing what it had relayed`] : []),
    ];
    return {
      values: { ...perEdit(measured, edits), storedBytes: stored.storedBytes },
      remark: remarks.join('; '),
    };
  },
};

/** What is stored once the server has saved, and what it still had to write is written. */
async function storedInTheEnd(
  contender: Contender,
  room: string,
): Promise<{ storedBytes: number; isWriting: boolean }> {
  const deadline = performance.now() + MOST_WRITING_S * 1_000;
  await sleep(afterSavingMs(contender));
  for (let before = Number.NaN; ;) {
    const storedBytes = await contender.storedBytes(room);
    const isWriting = storedBytes !== before && !Number.isNaN(storedBytes);
    if (!isWriting || performance.now() > deadline) return { storedBytes, isWriting };
    before = storedBytes;
    await sleep(STILL_MS);
  }
}

const recordingIn = ({ folder }: BenchmarkOptions): string => path.join(folder, 'recording');
