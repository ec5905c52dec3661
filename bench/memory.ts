import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import * as encoding from 'lib0/encoding';
import { killLeftovers } from '../test/support/dev-process.ts';
import { makeFolder, removeFolder, startSystem, type System, type User } from '../test/support/system.ts';
import { IsolateMemory } from './lib/isolate-memory.ts';
import { CLIENT, keystrokes, type LargeDocument, pastes } from './lib/large-documents.ts';
import { wholeNumber } from './lib/options.ts';
import { get, join, post, stall, type Traffic, write } from './lib/room-traffic.ts';

const HELP = `Measures what large documents cost a room: memory, CPU time, and bytes on the wire.

  npm run memory [-- options]

  --only NAMES   of ${Object.keys(documents()).join(', ')}; separated by commas (default: all)
  --type TYPE    documents or workspaces (default documents)
  --clients N    how many join at the same time (default 100)
  --help         this text

Each step restarts the system on the same data, so that the room is loaded again. "live" is what the isolate that runs
the room holds after a collection, sampled between turns of its event loop, the Worker's own code included; an object
has 128 MB of it. "process" is by how much the workerd process grew at its worst, garbage, SQLite and sockets included.
Linux only.`;

/** A room compacts a long log at once, but after the edit. */
const AFTER_WRITING_MS = 3_000;
const POSTS = 10;
const STALLED = 50;

interface Options {
  readonly type: string;
  readonly clients: number;
}

/** An operation on a room. */
type Step = (system: System, user: User, room: string) => Promise<Traffic>;

function documents(): Record<string, () => LargeDocument> {
  return {
    herd: () => pastes('1 MB in 100 updates', 1e6, 100),
    update: () => pastes('one update of 12 MB', 12e6, 1),
    largest: () => pastes('one update of 30 MiB', 30 * 1024 * 1024, 1),
    tens: () => pastes('10 MB in 10 updates', 10e6, 10),
    pastes: () => pastes('40 MB in 4 updates', 40e6, 4),
    offline: () => keystrokes('38 MB of 2,000,000 keystrokes, 1,000 an update', 2_000_000, 1_000, 1),
    typed: () => keystrokes('200,000 keystrokes at random places, one an update', 200_000, 1, 1),
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: Object.keys(documents()).join(',') },
      type: { type: 'string', default: 'documents' },
      clients: { type: 'string', default: '100' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const options = { type: values.type, clients: wholeNumber('clients', values.clients) };
  for (const name of values.only.split(',')) {
    const make = documents()[name];
    if (make === undefined) throw new Error(`There is no document "${name}" to measure.`);
    await measureDocument(name, make(), options);
  }
}

async function measureDocument(name: string, doc: LargeDocument, { type, clients }: Options): Promise<void> {
  const bytes = doc.updates.reduce((sum, { byteLength }) => sum + byteLength, 0);
  console.log(`\n${doc.name}: ${megabytes(bytes)} MB as sent (${type})\n`);
  console.log('| step | received, MB | largest, MB | bystander, bytes | live, MB | process, MB | CPU, s |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  const steps: Record<string, Step> = {
    write: async (system, user, room) => {
      const traffic = await write(system, user, room, doc);
      await sleep(AFTER_WRITING_MS);
      return traffic;
    },
    'join, 1 client': (system, user, room) => join(system, user, room, 1),
    [`join, ${clients} clients at once`]: (system, user, room) => join(system, user, room, clients),
    [`${STALLED} clients that ask 120 times and read nothing`]: (system, user, room) =>
      stall(system, user, room, STALLED),
    GET: get,
    'POST of a client that has nothing': (system, user, room) => post(system, user, room, {}),
    [`${POSTS} POSTs, each with an edit`]: postEdits,
  };
  const persistTo = await makeFolder();
  try {
    let user: User | undefined;
    for (const [what, step] of Object.entries(steps)) {
      const system = await startSystem({ persistTo, mirror: false });
      user ??= await system.signUp();
      await measureStep(what, step, { system, user, room: `/${type}/${name}` });
      await system.stop();
    }
  } finally {
    await killLeftovers();
    await removeFolder(persistTo);
  }
}

async function measureStep(
  what: string,
  step: Step,
  { system, user, room }: { system: System; user: User; room: string },
): Promise<void> {
  // What the Worker does for the first time is not the room's.
  await system.mintJwt(user);
  const memory = await IsolateMemory.of(system);
  const { result, peak } = await memory.during(() => step(system, user, room));
  memory.close();
  const { received, largest, bystander } = result;
  const columns = [
    what,
    received === 0 ? '' : megabytes(received),
    received === 0 ? '' : megabytes(largest),
    bystander ?? '',
    peak.live.toFixed(0),
    peak.process.toFixed(0),
    peak.cpuSeconds.toFixed(1),
  ];
  console.log(`| ${columns.join(' | ')} |`);
}

/** Edits of a client that has all the rest. */
async function postEdits(system: System, user: User, room: string): Promise<Traffic> {
  const stateVector = encoding.encode((encoder) => {
    for (const value of [1, CLIENT, 2 ** 31]) encoding.writeVarUint(encoder, value);
  });
  let received = 0;
  let largest = 0;
  for (const update of keystrokes('', POSTS, 1, 2, CLIENT + 1).updates) {
    const traffic = await post(system, user, room, { stateVector, update });
    received += traffic.received;
    largest = Math.max(largest, traffic.largest);
  }
  return { received, largest, bystander: null };
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error));
  process.exit(1);
}
