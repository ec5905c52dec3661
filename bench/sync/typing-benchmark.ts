import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, BenchmarkOptions } from '../lib/benchmark.ts';
import type { Contender } from './contender.ts';
import { ContenderSet } from './contender-set.ts';
import { CPU, CPU_IS, CPU_PER_EDIT, EDITS_PER_SECOND, figure, perEdit } from './figures.ts';
import { inTurns, type SyncBenchmark } from './in-turns.ts';
import { createRecording, writeRecording } from './recording.ts';
import { runLoad } from './run-load.ts';
import { afterSavingMs } from './two-clients.ts';

/** A server has written everything when its storage has not grown for this time. */
const STABLE_MS = 3_000;
const MAX_WRITING_S = 30;
const MAX_TYPING_S = 110;
const QUICK_EDITS = 2_000;

/** One author types a long paper. Its servers are not shared: the stored bytes would include other rooms. */
export function typingBenchmark(shared: ContenderSet): Benchmark {
  const { name, method, figures } = TYPING;
  return {
    name,
    method,
    figures,
    async run(options) {
      writeRecording(
        getRecordingFile(options),
        createRecording(options.traceFile, options.quick ? QUICK_EDITS : Infinity),
      );
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
  method: `One client types a paper of about 260,000 edits (generated; docs/internals/conformance.md compares it with a recorded one), or the trace of --trace. Each edit is one update. The client sends as fast as one reader receives, with at most 1,000 characters in flight, for at most ${MAX_TYPING_S} s. ${CPU_IS} The reader’s text is compared with the author’s. Stored is the server’s storage when it no longer grows, or ${MAX_WRITING_S} s later.`,
  figures: [EDITS_PER_SECOND, CPU, CPU_PER_EDIT, figure('storedBytes', 'stored after', 'bytes', 0)],
  rounds: 1,
  isFor: ({ keepsDocuments, durability }) => keepsDocuments || durability !== 'none',
  measure: async (contender, options) => {
    const room = randomUUID();
    const recording = getRecordingFile(options);
    const measured = await runLoad(contender, {
      load: 'typing',
      room,
      recording,
      maxMs: MAX_TYPING_S * 1_000,
    });
    const { edits = 0, ofEdits = 0 } = measured;
    const stored = options.quick
      ? { storedBytes: await contender.storedBytes(room), isWriting: false }
      : await waitForStableStorage(contender, room);
    const remarks = [
      ...(edits < ofEdits ? [`${edits} of ${ofEdits} edits in ${MAX_TYPING_S} s`] : []),
      ...(stored.isWriting ? [`its storage still grew ${MAX_WRITING_S} s later`] : []),
    ];
    return {
      values: { ...perEdit(measured, edits), storedBytes: stored.storedBytes },
      remark: remarks.join('; '),
    };
  },
};

async function waitForStableStorage(
  contender: Contender,
  room: string,
): Promise<{ storedBytes: number; isWriting: boolean }> {
  const deadline = performance.now() + MAX_WRITING_S * 1_000;
  await sleep(afterSavingMs(contender));
  for (let before = Number.NaN; ;) {
    const storedBytes = await contender.storedBytes(room);
    const isWriting = storedBytes !== before && !Number.isNaN(storedBytes);
    if (!isWriting || performance.now() > deadline) return { storedBytes, isWriting };
    before = storedBytes;
    await sleep(STABLE_MS);
  }
}

const getRecordingFile = ({ folder }: BenchmarkOptions): string => path.join(folder, 'recording');
