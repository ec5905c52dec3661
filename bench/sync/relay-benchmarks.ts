import { CPU, CPU_IS, CPU_PER_EDIT, EDITS_PER_SECOND, figure, LATENCY, perEdit, TIME } from './figures.ts';
import type { SyncBenchmark } from './in-turns.ts';
import { runLoad } from './run-load.ts';
import { afterSavingMs } from './two-clients.ts';

const COMPARED = 'At the end the text of each reader is compared with the writer’s.';

/** Of edits that are handed on, and of newcomers who are handed what there is. */
export const RELAY_BENCHMARKS: readonly SyncBenchmark[] = [
  fanOut(9, { everyMs: 10, edits: 400 }),
  fanOut(99, { everyMs: 40, edits: 200, rounds: 2 }),
  // Long enough for servers that save every 10 s during edits.
  fanOut(9, { everyMs: 20, edits: 600, documentBytes: 1_000_000, rounds: 1 }),
  {
    name: 'burst to 9 readers',
    method: `A writer sends 1,000 keystrokes, each as one update, as fast as possible. The time ends when the last of 9 readers has the last keystroke. ${CPU_IS} ${COMPARED}`,
    figures: [EDITS_PER_SECOND, TIME, CPU_PER_EDIT],
    rounds: 3,
    measure: async (contender, { quick }) => {
      const edits = quick ? 100 : 1_000;
      return { values: perEdit(await runLoad(contender, { load: 'burst', readers: 9, edits }), edits) };
    },
  },
  {
    name: 'herd',
    method: `100 clients join a document of 1 MB at the same time, while another client is connected and idle. The time ends when the last client has the whole document. ${CPU_IS} The text of each client is compared with the document’s.`,
    figures: [
      TIME,
      figure('timesDocument', 'bytes per client, of the document', 'times', 3),
      figure('bytesPerBystander', 'a bystander', 'bytes', 0),
      CPU,
    ],
    rounds: 3,
    isFor: ({ keepsOnePaste }) => keepsOnePaste,
    measure: async (contender, { quick }) => ({
      values: await runLoad(contender, {
        load: 'herd',
        joiners: quick ? 10 : 100,
        documentBytes: 1_000_000,
        settleMs: quick ? 0 : afterSavingMs(contender),
      }),
    }),
  },
];

interface Typed {
  readonly everyMs: number;
  readonly edits: number;
  readonly documentBytes?: number;
  readonly rounds?: number;
}

function fanOut(readers: number, { everyMs, edits, documentBytes = 0, rounds = 3 }: Typed): SyncBenchmark {
  const megabytes = `${documentBytes / 1e6} MB`;
  const [into, where] =
    documentBytes === 0 ? ['', ''] : [` into a document of ${megabytes}`, `, in ${megabytes}`];
  return {
    name: `fan-out to ${readers} readers${where}`,
    method: `A writer types ${edits} characters${into}, one every ${everyMs} ms, each as one update. The time is from sending an edit until a reader has it, for each edit and each of ${readers} readers. ${CPU_IS} ${COMPARED}`,
    figures: [...LATENCY, CPU_PER_EDIT],
    rounds,
    measure: async (contender, { quick }) => {
      const made = quick ? 25 : edits;
      const task = { load: 'fanOut', readers, edits: made, everyMs, documentBytes } as const;
      return { values: perEdit(await runLoad(contender, task), made) };
    },
  };
}
