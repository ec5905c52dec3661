import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createRandom } from '../scripts/lib/random.ts';
import { killLeftovers } from '../test/support/dev-process.ts';
import { mutations } from '../test/support/mutations.ts';
import { makeFolder, removeFolder, startSystem, type System } from '../test/support/system.ts';
import { fuzzRoom } from './lib/fuzz-room.ts';
import { wholeNumber } from './lib/options.ts';

const HELP = `Sends a started Roomkeeper damaged frames and HTTP requests while two y-websocket clients work in the same rooms.

  npm run fuzz [-- options]

  --seconds N   how long (default 60)
  --count N     how many inputs, however long it takes
  --seed N      of the inputs (default: a new one each time, which is printed)
  --help        this text

Exits with 1 on an answer of 500 or more, a close code that docs/reference/websocket.md does not list, two clients that do not reach
each other any more, or a text that is not what they wrote.`;

/** Inputs after which the clients and the fuzzer move on to a new room: its log is then full of what was let in. */
const INPUTS_PER_ROOM = 2_000;

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      count: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return true;
  }
  const seconds = wholeNumber('seconds', values.seconds);
  const count = values.count === undefined ? null : wholeNumber('count', values.count);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', values.seed, 0);
  console.log(`seed ${seed}`);
  const persistTo = await makeFolder();
  try {
    const system = await startSystem({ persistTo, mirror: false });
    const ok = await fuzz(system, seed, { seconds, count });
    await system.stop();
    return ok;
  } finally {
    await killLeftovers();
    await removeFolder(persistTo);
  }
}

async function fuzz(
  system: System,
  seed: number,
  { seconds, count }: { seconds: number; count: number | null },
): Promise<boolean> {
  const random = createRandom(seed);
  const made = mutations(random);
  const user = await system.signUp();
  const totals = new Map<string, number>();
  const flaws: string[] = [];
  const startedAt = Date.now();
  let inputs = 0;
  console.log(`memory ${await memoryOf(system)} MB before`);
  const isOver = () => (count === null ? Date.now() - startedAt > seconds * 1000 : inputs >= count);
  for (let room = 1; !isOver() && flaws.length === 0; room++) {
    const outcome = await fuzzRoom(system, user, made, {
      path: `/${room % 2 === 0 ? 'workspaces' : 'documents'}/fuzzed-${room}`,
      inputs: INPUTS_PER_ROOM,
      random,
    });
    inputs += INPUTS_PER_ROOM;
    flaws.push(...outcome.flaws);
    for (const [what, times] of outcome.counts) totals.set(what, (totals.get(what) ?? 0) + times);
    if (room % 5 === 0) console.log(`memory ${await memoryOf(system)} MB after ${inputs} inputs`);
  }
  const took = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`memory ${await memoryOf(system)} MB after ${inputs} inputs, the last ones`);
  console.log(
    [...totals]
      .toSorted(([one], [other]) => one.localeCompare(other))
      .map(([what, times]) => `${what}: ${times}`)
      .join(', '),
  );
  console.log(`${inputs} inputs in ${took} s, ${flaws.length} flaws`);
  for (const flaw of flaws) console.log(`flaw: ${flaw}`);
  return flaws.length === 0;
}

/** Resident memory of the system's processes, in MB. Requires /proc (Linux). */
async function memoryOf(system: System): Promise<string> {
  if (process.platform !== 'linux') return 'unknown';
  let kilobytes = 0;
  for (const pid of await system.tree()) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    if (!/^Name:\s+workerd/m.test(status)) continue;
    kilobytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  }
  return (kilobytes / 1024).toFixed(0);
}

try {
  process.exit((await main()) ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error));
  process.exit(1);
}
