import { CPU, CPU_IS, CPU_PER_EDIT, figure, LATENCY, perEdit } from './figures.ts';
import type { SyncBenchmark } from './in-turns.ts';
import { runLoad } from './run-load.ts';
import { restart } from './two-clients.ts';

const RESIDENT =
  'Memory is the resident memory of all processes of the server, including garbage, less that after their start.';

/** Of many rooms at once. */
export const ROOMS_BENCHMARKS: readonly SyncBenchmark[] = [
  {
    name: '1,000 rooms',
    method: `In each of 1,000 rooms a client writes a character every second for 20 s and another client reads. The rooms are spread evenly over the second. The time is from sending a character until the reader has it. ${CPU_IS} ${RESIDENT} The text of each reader is compared with the writer’s.`,
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
    method: `500 rooms, each with a document of 10 kB and one client, which wrote it and is idle. ${RESIDENT} The figure is per room.`,
    figures: [figure('kilobytesPerRoom', 'memory per room, in kB', 'count', 0)],
    rounds: 1,
    measure: async (contender, { quick }) => {
      const rooms = quick ? 20 : 500;
      if (!quick) await restart(contender);
      const measured = await runLoad(contender, { load: 'idleRooms', rooms, documentBytes: 10_000 });
      return { values: { kilobytesPerRoom: (measured.grownMegabytes * 1_000) / rooms } };
    },
  },
  {
    name: 'awareness of 1,000 idle clients',
    method: `1,000 clients in one room renew their awareness each 15 s and send back what they receive, as y-websocket does. Frames are those of one round, in both directions. Meanwhile a client in another room asks for its content each 20 ms; the longest wait for an answer. ${CPU_IS}`,
    figures: [
      figure('framesPerSocket', 'frames a client', 'count', 1),
      CPU,
      figure('slowestMs', 'longest wait elsewhere', 'ms', 0),
    ],
    rounds: 1,
    isFor: ({ role }) => role === 'ours',
    measure: async (contender, { quick }) => {
      const [sockets, rounds] = quick ? [20, 1] : [1_000, 2];
      const measured = await runLoad(contender, { load: 'awarenessRound', sockets, rounds });
      const framesPerSocket = (measured['frames'] ?? Number.NaN) / sockets;
      return { values: { ...measured, framesPerSocket, cpuSeconds: measured.cpuSeconds / rounds } };
    },
  },
];
