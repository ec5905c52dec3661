import { randomUUID } from 'node:crypto';
import type { Contender } from './contender.ts';
import { figure } from './figures.ts';
import type { SyncBenchmark } from './in-turns.ts';
import { runLoad } from './run-load.ts';
import { afterSavingMs, restart } from './two-clients.ts';

const DOCUMENT_BYTES = 10_000_000;
const QUICK_BYTES = 100_000;
/** workerd takes a Durable Object out of memory once it was idle for 10 s (Cloudflare, "Lifecycle of a Durable Object"). */
const ASLEEP_AFTER_MS = 12_000;
const ROOMS = 3;

export const FIRST_FRAME_BENCHMARK: SyncBenchmark = {
  name: 'first edit in a room out of memory',
  method: `Two clients with the whole document are in its room, and one types a character. The time ends when the other client has it. Came back: the server was stopped and started, and another room was edited; the time begins when the two clients connect. Slept: they were connected and idle for 12 s, after which workerd has evicted the room; the time begins when the character is sent. With a document of 10 MB and with an empty one; the median of ${ROOMS} rooms.`,
  figures: [
    figure('emptyMs', 'came back, empty', 'ms', 1),
    figure('ms', 'came back, 10 MB', 'ms', 1),
    figure('timesEmpty', 'came back, times the empty one', 'times', 2),
    figure('sleptEmptyMs', 'slept, empty', 'ms', 1),
    figure('sleptMs', 'slept, 10 MB', 'ms', 1),
    figure('sleptTimesEmpty', 'slept, times the empty one', 'times', 2),
    figure('awakeMs', 'awake, 10 MB', 'ms', 1),
  ],
  rounds: 1,
  isFor: ({ maxDocumentBytes, durability }) => maxDocumentBytes > DOCUMENT_BYTES && durability !== 'none',
  measure: async (contender, { quick }) => {
    const documentBytes = quick ? QUICK_BYTES : DOCUMENT_BYTES;
    const empty = await written(contender, 0, quick);
    const full = contender.keepsDocuments ? await written(contender, documentBytes, quick) : null;
    await restart(contender);
    const back = await both(contender, empty, full, 0);
    if (!contender.hibernates || quick) return { values: { ...back, emptyMs: back.emptyMs } };
    const slept = await both(contender, empty, full, ASLEEP_AFTER_MS);
    return {
      values: {
        ...back,
        sleptEmptyMs: slept.emptyMs,
        sleptMs: slept.ms,
        sleptTimesEmpty: slept.timesEmpty,
        awakeMs: slept.awakeMs,
      },
    };
  },
};

interface Rooms {
  readonly rooms: readonly string[];
  readonly documentBytes: number;
}

/** Rooms with a document each. */
async function written(contender: Contender, documentBytes: number, quick: boolean): Promise<Rooms> {
  const rooms = Array.from({ length: quick ? 1 : ROOMS }, () => randomUUID());
  for (const room of rooms) {
    await runLoad(contender, { load: 'write', room, documentBytes, settleMs: afterSavingMs(contender) });
  }
  return { rooms, documentBytes };
}

interface Both {
  readonly emptyMs: number;
  readonly ms: number;
  readonly timesEmpty: number;
  /** Of the edit after the first one. */
  readonly awakeMs: number;
}

async function both(contender: Contender, empty: Rooms, full: Rooms | null, idleMs: number): Promise<Both> {
  const ofEmpty = await runLoad(contender, { load: 'firstFrame', ...empty, idleMs });
  const ofFull = full === null ? null : await runLoad(contender, { load: 'firstFrame', ...full, idleMs });
  const emptyMs = ofEmpty['ms'] ?? Number.NaN;
  const ms = ofFull?.['ms'] ?? Number.NaN;
  return { emptyMs, ms, timesEmpty: ms / emptyMs, awakeMs: ofFull?.['againMs'] ?? Number.NaN };
}
