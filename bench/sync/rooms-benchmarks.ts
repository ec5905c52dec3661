import { CPU_IS, CPU_PER_EDIT, figure, LATENCY, perEdit } from './figures.ts';
import type { SyncBenchmark } from './in-turns.ts';
import { runLoad } from './run-load.ts';
import { restart } from './two-clients.ts';

const RESIDENT =
  'Memory is what all processes of the server have resident, garbage included, beyond what they had right after their start.';

/** Of many rooms at once. */
export const ROOMS_BENCHMARKS: readonly SyncBenchmark[] = [
  {
    name: '1,000 rooms',
    method: `In each of 1,000 rooms one writes a character a second for 20 s and another one reads, the rooms spread evenly over the second; from when a character is sent until the reader has it. ${CPU_IS} ${RESIDENT} The text of each reader is compared with the writer’s.`,
    figures: [
      ...LATENCY.filter(({ key }) => key !== 'p95'),
      CPU_PER_EDIT,
      figure('grownMegabytes', 'memory', 'MB', 0),
    ],
    rounds: 1,
    isFor: ({ durability }) => durability !== 'none',
    measure: async (contender, { quick }) => {
      const [rooms, seconds] = quick ? [20, 2] : [1_000, 20];
      if (!quick) await restart(contender);
      const measured = await runLoad(contender, { load: 'manyRooms', rooms, seconds });
      return { values: perEdit(measured, rooms * seconds) };
    },
  },
  {
    name: 'memory of an open room',
    method: `500 rooms, each with a document of 10 kB and one client, who has written it and is quiet. ${RESIDENT} Divided by the rooms.`,
    figures: [figure('kilobytesPerRoom', 'memory a room, in kB', 'count', 0)],
    rounds: 1,
    measure: async (contender, { quick }) => {
      const rooms = quick ? 20 : 500;
      if (!quick) await restart(contender);
      const measured = await runLoad(contender, { load: 'idleRooms', rooms, documentBytes: 10_000 });
      return { values: { kilobytesPerRoom: (measured.grownMegabytes * 1_000) / rooms } };
    },
  },
];
