import type { Goal } from './lib/goal.ts';

const FAN_OUTS = ['fan-out to 9 readers', 'fan-out to 99 readers'];

/** What the figures are to be. */
export const GOALS: readonly Goal[] = [
  ...[
    ...FAN_OUTS.flatMap((benchmark) => [
      { benchmark, figure: 'p99' },
      { benchmark, figure: 'cpuMsPerEdit' },
    ]),
    { benchmark: 'burst to 9 readers', figure: 'editsPerSecond' },
    { benchmark: 'burst to 9 readers', figure: 'cpuMsPerEdit' },
    { benchmark: 'herd', figure: 'ms' },
    { benchmark: 'typing a paper', figure: 'cpuMsPerEdit' },
  ].map((which): Goal => ({ ...which, kind: 'ahead', peer: 'y-partyserver', times: 2 })),
  ...['y-websocket', 'Hocuspocus'].flatMap((peer) =>
    [
      ...FAN_OUTS.flatMap((benchmark) =>
        ['p50', 'p99', 'cpuMsPerEdit'].map((figure) => ({ benchmark, figure })),
      ),
      { benchmark: 'typing a paper', figure: 'cpuMsPerEdit' },
    ].map((which): Goal => ({ ...which, kind: 'ahead', peer, times: 1 })),
  ),
  { benchmark: 'herd', figure: 'timesDocument', kind: 'at most', subject: 'Roomkeeper', value: 1.02 },
  { benchmark: 'herd', figure: 'bytesPerBystander', kind: 'at most', subject: 'Roomkeeper', value: 0 },
  ...['sleptTimesEmpty', 'timesEmpty'].map((figure): Goal => ({
    benchmark: 'first edit in a room out of memory',
    figure,
    kind: 'at most',
    subject: 'Roomkeeper',
    value: 1.5,
  })),
  {
    benchmark: 'an edit inside the room',
    figure: 'ms',
    kind: 'at most times',
    subject: 'Roomkeeper, relayed',
    of: 'Y.Doc, applied',
    times: 1 / 3,
  },
  {
    benchmark: 'dashboard: overview',
    figure: 'p50',
    kind: 'at most times',
    subject: 'large registry',
    of: 'small registry',
    times: 1.5,
  },
  {
    benchmark: 'mirror: copying all rows',
    figure: 'rowsPerSecond',
    kind: 'at least times',
    subject: 'incremental pass',
    of: 'batches from memory',
    times: 0.6,
  },
];
