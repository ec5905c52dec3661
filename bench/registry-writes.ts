import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import * as Y from 'yjs';
import { z } from 'zod';
import { randomFrom } from '../scripts/lib/random.ts';
import { QUIET_AFTER_MS, REPORT_AFTER_MS } from '../src/rooms/limits.ts';
import { killLeftovers } from '../test/support/dev-process.ts';
import { makeFolder, removeFolder, startSystemWith, type System, type User } from '../test/support/system.ts';
import { connectClient } from '../test/support/yjs-client.ts';
import { wholeNumber } from './lib/options.ts';
import { REGISTRIES, type RegistryKind, syncBody, timeSyncs, updateWith } from './lib/registry-latency.ts';
import { differenceOf, quantile } from './lib/statistics.ts';

const MOST_ROWS_WRITTEN = 10;

const HELP = `What the registry costs: rows written in D1, by its own count, and time of a response.

  npm run bench:registry-writes [-- options]

  --edits N    edits of each room (default 1000)
  --seconds N  over how long they are spread (default 60)
  --rounds N   syncs of each kind whose time is taken (default 300)
  --seed N     of everything that is random (default: a new one each time, which is printed)
  --help       this text

The system runs on this machine as it is, with an entry that adds up "meta.rows_written" of all that is recorded of a room.
Counted is until each room has been quiet for so long that it has nothing more to report. Exits with 1 where a room cost more
than ${MOST_ROWS_WRITTEN} rows written, or a sync that changes nothing any.`;

const ENTRY = 'test/worker/entries/counted-registry.ts';
/** After this a room that nobody uses has reported, has been compacted and has reported that. */
const SETTLED_AFTER_MS = REPORT_AFTER_MS + QUIET_AFTER_MS + 10_000;
/** What each edit writes, in characters: so much that the stored size is another one every few of them. */
const EDIT = 'a line of some length, as people write them into a document.\n';

interface Cost {
  readonly what: string;
  readonly rowsWritten: number;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      edits: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '60' },
      rounds: { type: 'string', default: '300' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return true;
  }
  const edits = wholeNumber('edits', values.edits);
  const seconds = wholeNumber('seconds', values.seconds);
  const rounds = wholeNumber('rounds', values.rounds);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', values.seed, 0);
  console.log(`seed ${seed}\n`);
  const persistTo = await makeFolder();
  try {
    const system = await startSystemWith(ENTRY, persistTo);
    const user = await system.signUp();
    const costs = await measureCosts(system, user, edits, seconds);
    console.log('| what | rows written in D1 |\n| --- | --- |');
    for (const { what, rowsWritten } of costs) console.log(`| ${what} | ${rowsWritten} |`);
    const random = randomFrom(seed);
    for (const [title, name] of [
      ['each of them recorded', 'always-news'],
      ['recorded as it comes, not more often than each 45 s', 'hot'],
    ] as const) {
      const times = await timeSyncs(system, user, rounds, random, name);
      printTimes(`HTTP syncs of a room, ${title}; ${rounds} of each kind, in turns`, times, random);
    }
    await system.stop();
    const [quiet, ...busy] = costs.map(({ rowsWritten }) => rowsWritten);
    return quiet === 0 && busy.every((rows) => rows > 0 && rows <= MOST_ROWS_WRITTEN);
  } finally {
    await killLeftovers();
    await removeFolder(persistTo);
  }
}

async function measureCosts(system: System, user: User, edits: number, seconds: number): Promise<Cost[]> {
  const update = updateWith('x');
  const rooms = ['quiet', 'socket', 'http'] as const;
  for (const name of rooms) await (await post(system, user, name, update)).arrayBuffer();
  // Until all that there was to say of their creation is said.
  await sleep(SETTLED_AFTER_MS);
  await (await post(system, user, 'quiet', update)).arrayBuffer();
  await sleep(1_000);
  const before = await counted(system);
  const cost = (after: Record<string, number>, name: (typeof rooms)[number]) =>
    of(after, name) - of(before, name);
  const pauseMs = (seconds * 1_000) / edits;
  // As fast as they go, so that none of them is a use so long after the last one that it is news.
  for (let call = 0; call < edits; call++) await (await post(system, user, 'quiet', update)).arrayBuffer();
  const quiet = cost(await counted(system), 'quiet');
  await Promise.all([
    editOverSocket(system, user, edits, pauseMs),
    editOverHttp(system, user, edits, pauseMs),
  ]);
  await sleep(SETTLED_AFTER_MS);
  const after = await counted(system);
  return [
    { what: `${edits} HTTP syncs that change nothing`, rowsWritten: quiet },
    { what: `${edits} edits over a WebSocket in ${seconds} s`, rowsWritten: cost(after, 'socket') },
    { what: `${edits} HTTP syncs with an edit each in ${seconds} s`, rowsWritten: cost(after, 'http') },
  ];
}

const post = (system: System, user: User, name: string, update: Uint8Array): Promise<Response> =>
  fetch(`${system.origin}/documents/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${user.jwt}` },
    body: syncBody(update),
  });

/** Waits until the next edit is due: what one of them takes longer the others make up for. */
function paceOf(pauseMs: number): () => Promise<void> {
  let dueAt = performance.now();
  return () => sleep(Math.max(0, (dueAt += pauseMs) - performance.now()));
}

async function editOverSocket(system: System, user: User, edits: number, pauseMs: number): Promise<void> {
  const client = await connectClient(`${system.wsOrigin}/documents`, 'socket', user.jwt);
  const pace = paceOf(pauseMs);
  for (let edit = 0; edit < edits; edit++) {
    client.insert(0, EDIT);
    await pace();
  }
  await client.stored();
  client.leave();
}

async function editOverHttp(system: System, user: User, edits: number, pauseMs: number): Promise<void> {
  const doc = new Y.Doc();
  const pace = paceOf(pauseMs);
  for (let edit = 0; edit < edits; edit++) {
    const before = Y.encodeStateVector(doc);
    doc.getText('text').insert(0, EDIT);
    const response = await post(system, user, 'http', Y.encodeStateAsUpdate(doc, before));
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`a sync was answered with ${response.status}`);
    await pace();
  }
}

/** Rows written so far, by rooms' names. */
async function counted(system: System): Promise<Record<string, number>> {
  return z.record(z.string(), z.number()).parse(await (await fetch(`${system.origin}/counted`)).json());
}

function of(written: Record<string, number>, name: string): number {
  const found = Object.entries(written).find(([doName]) => doName.endsWith(`:document:${name}`));
  return found?.[1] ?? 0;
}

function printTimes(
  title: string,
  times: ReadonlyMap<RegistryKind, readonly number[]>,
  random: () => number,
): void {
  console.log(`\n${title}; ms\n`);
  console.log('| registry | median | p95 | median against none, 95 % interval | p95 likewise |');
  console.log('| --- | --- | --- | --- | --- |');
  const none = times.get('none') ?? [];
  for (const registry of REGISTRIES) {
    const sample = times.get(registry) ?? [];
    const against = [0.5, 0.95].map((share) => {
      const { from, to } = differenceOf(sample, none, share, random);
      return registry === 'none' ? '' : `${from.toFixed(2)} to ${to.toFixed(2)}`;
    });
    const quantiles = [0.5, 0.95].map((share) => quantile(sample, share).toFixed(2));
    console.log(`| ${[registry, ...quantiles, ...against].join(' | ')} |`);
  }
}

try {
  if (!(await main())) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error));
  process.exitCode = 1;
}
