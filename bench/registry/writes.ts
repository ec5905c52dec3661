import { setTimeout as sleep } from 'node:timers/promises';
import * as Y from 'yjs';
import { z } from 'zod';
import { REPORT_INTERVAL_MS, MAX_REPORT_DELAY_MS } from '../../src/rooms/limits/report-timing.ts';
import { startSystemWith, type System, type User } from '../../test/support/system.ts';
import { connectClient } from '../../test/support/yjs-client.ts';
import type { Benchmark, BenchmarkOptions, Subject } from '../lib/benchmark.ts';
import { quantile } from '../lib/statistics.ts';
import { together } from '../lib/together.ts';
import { REGISTRIES, syncBody, timeSyncs, updateWith } from './registry-latency.ts';

/** The system as it is, which adds up "meta.rows_written" of all that is recorded of a room. */
const ENTRY = 'test/worker/entries/counted-registry.ts';
/** In each minute that edits take. */
const MAX_ROWS_WRITTEN_PER_MINUTE = 10;
/** Characters per edit: enough that the stored size changes every few edits. */
const EDIT = 'a line of some length, as people write them into a document.\n';
const MINUTE_MS = 60_000;
const ROUNDS = 3;
/** Of each kind, in a round. */
const SYNCS_A_ROUND = 80;

/** How much is done. */
interface Extent {
  readonly edits: number;
  readonly seconds: number;
  readonly syncs: number;
  /** After this time an idle room has reported, has been compacted and has reported again. */
  readonly settledAfterMs: number;
}

const EXTENT: Extent = {
  edits: 1_000,
  seconds: 60,
  syncs: SYNCS_A_ROUND,
  settledAfterMs: REPORT_INTERVAL_MS + MAX_REPORT_DELAY_MS + 5_000,
};
/** So short that rooms report only what they report at once. */
const QUICK_EXTENT: Extent = { edits: 50, seconds: 2, syncs: 3, settledAfterMs: 5_000 };

const measured = together(measure);

const LATENCY: Benchmark['figures'] = [
  { key: 'p50', title: 'p50', unit: 'ms', better: 'lower', digits: 2 },
  { key: 'p95', title: 'p95', unit: 'ms', better: 'lower', digits: 2 },
];
const KINDS =
  'the real one, none (nothing is written or waited for), one that answers 10 s late, and one that fails';

export const registryWrites: readonly Benchmark[] = [
  {
    name: 'registry: rows written',
    method: `The cost of recording existing rooms, by D1's own \`meta.rows_written\`, until each has nothing left to report, including its compaction. Edits are spread over ${EXTENT.seconds} s. More than ${MAX_ROWS_WRITTEN_PER_MINUTE} rows a minute count as a failure.`,
    figures: [{ key: 'rowsWritten', title: 'written in D1', unit: 'rows', better: 'lower', digits: 0 }],
    run: measured('rows'),
  },
  {
    name: 'registry: latency of a sync that is recorded',
    method: `An HTTP sync, to the end of its response, with four kinds of registry: ${KINDS}. The kinds take turns. Each sync is recorded, which no room requests. A round has the quantiles of ${SYNCS_A_ROUND} of each kind.`,
    figures: LATENCY,
    run: measured('recorded'),
  },
  {
    name: 'registry: latency of a sync as it comes',
    method: 'The same with syncs recorded as rooms request it: at most one every 45 s.',
    figures: LATENCY,
    run: measured('asItComes'),
  },
];

async function measure({
  quick,
  maxRounds,
  folder,
  progress,
}: BenchmarkOptions): Promise<Record<'rows' | 'recorded' | 'asItComes', readonly Subject[]>> {
  const extent = quick ? QUICK_EXTENT : EXTENT;
  const system = await startSystemWith(ENTRY, folder);
  try {
    const user = await system.signUp();
    const latency = (name: string) =>
      timeRounds(system, user, name, quick ? 1 : Math.min(ROUNDS, maxRounds), extent.syncs);
    const update = updateWith('x');
    for (const room of ROOMS) await (await post(system, user, room, update)).arrayBuffer();
    // While rooms say what there is to say of their creation, others can be timed: the count is by rooms.
    progress('latency, each sync recorded');
    const [recorded] = await Promise.all([latency('always-changed'), sleep(extent.settledAfterMs)]);
    // A use after a while, which is recorded.
    await (await post(system, user, 'quiet', update)).arrayBuffer();
    await sleep(1_000);
    const before = await counted(system);
    progress(`${extent.edits} edits in ${extent.seconds} s`);
    // Without pauses: a use long after the last one would be recorded.
    for (let call = 0; call < extent.edits; call++) {
      await (await post(system, user, 'quiet', update)).arrayBuffer();
    }
    const quiet = written(before, await counted(system), 'quiet');
    const startedAt = performance.now();
    await Promise.all([editOverSocket(system, user, extent), editOverHttp(system, user, extent)]);
    const minutes = Math.max(1, Math.round((performance.now() - startedAt) / MINUTE_MS));
    progress('latency, as it comes');
    const [asItComes] = await Promise.all([latency('hot'), sleep(extent.settledAfterMs)]);
    const after = await counted(system);
    // What comes so soon after a room's creation is reported later: there its creation counts.
    const since = quick ? {} : before;
    const rows = [
      cost(`${extent.edits} HTTP syncs that change nothing`, quiet),
      cost(`${extent.edits} edits over a WebSocket`, written(since, after, 'socket')),
      cost(`${extent.edits} HTTP syncs with an edit each`, written(since, after, 'http')),
    ];
    check(rows, minutes);
    return { rows, recorded, asItComes };
  } finally {
    await system.stop();
  }
}

const cost = (name: string, rowsWritten: number): Subject => ({
  name,
  role: 'ours',
  values: { rowsWritten: [rowsWritten] },
});

/** @throws where what changes nothing is written down, or what changes something is not, or is too often */
function check(rows: readonly Subject[], minutes: number): void {
  const [quiet, ...busy] = rows.map(({ values }) => values['rowsWritten']?.[0] ?? Number.NaN);
  const isCheap =
    quiet === 0 && busy.every((count) => count > 0 && count <= minutes * MAX_ROWS_WRITTEN_PER_MINUTE);
  if (!isCheap) throw new Error(`rows written: ${[quiet, ...busy].join(', ')}`);
}

/** The room `quiet` gets syncs without changes, `socket` and `http` get edits. */
const ROOMS = ['quiet', 'socket', 'http'] as const;
type RowsByRoom = Readonly<Record<string, number>>;

async function timeRounds(
  system: System,
  user: User,
  name: string,
  rounds: number,
  syncs: number,
): Promise<Subject[]> {
  const samples: Awaited<ReturnType<typeof timeSyncs>>[] = [];
  for (let round = 0; round < rounds; round++) samples.push(await timeSyncs(system, user, syncs, name));
  return REGISTRIES.map((registry) => {
    const quantiles = (share: number) => samples.map((times) => quantile(times.get(registry) ?? [], share));
    return {
      name: registry,
      role: registry === 'none' ? 'floor' : 'ours',
      values: { p50: quantiles(0.5), p95: quantiles(0.95) },
    };
  });
}

const post = (system: System, user: User, name: string, update: Uint8Array): Promise<Response> =>
  fetch(`${system.origin}/documents/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.jwt}` },
    body: syncBody(update),
  });

/** Waits until the next edit is due: what one of them takes longer the others make up for. */
function paceOf({ seconds, edits }: Extent): () => Promise<void> {
  let dueAt = performance.now();
  return () => sleep(Math.max(0, (dueAt += (seconds * 1_000) / edits) - performance.now()));
}

async function editOverSocket(system: System, user: User, extent: Extent): Promise<void> {
  const client = await connectClient(`${system.wsOrigin}/documents`, 'socket', user.jwt);
  const pace = paceOf(extent);
  for (let edit = 0; edit < extent.edits; edit++) {
    client.insert(0, EDIT);
    await pace();
  }
  await client.stored();
  client.leave();
}

async function editOverHttp(system: System, user: User, extent: Extent): Promise<void> {
  const doc = new Y.Doc();
  const pace = paceOf(extent);
  for (let edit = 0; edit < extent.edits; edit++) {
    const before = Y.encodeStateVector(doc);
    doc.getText('text').insert(0, EDIT);
    const response = await post(system, user, 'http', Y.encodeStateAsUpdate(doc, before));
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`a sync was answered with ${response.status}`);
    await pace();
  }
}

/** Rows written so far, by rooms' names. */
async function counted(system: System): Promise<RowsByRoom> {
  return z.record(z.string(), z.number()).parse(await (await fetch(`${system.origin}/counted`)).json());
}

function written(before: RowsByRoom, after: RowsByRoom, name: (typeof ROOMS)[number]): number {
  const of = (rows: RowsByRoom) =>
    Object.entries(rows).find(([doName]) => doName.endsWith(`:document:${name}`))?.[1] ?? 0;
  return of(after) - of(before);
}
