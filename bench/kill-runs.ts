import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { randomFrom } from '../scripts/lib/random.ts';
import { killLeftovers } from '../test/support/dev-process.ts';
import { makeFolder, removeFolder, startSystem, type System, type User } from '../test/support/system.ts';
import { checkPromises, recheckPromises } from './lib/check-promises.ts';
import { wholeNumber } from './lib/options.ts';
import { type Kind, WatchedRoom } from './lib/watched-room.ts';

const HELP = `Kills a working Roomkeeper again and again, and looks for what it had promised to keep.

  npm run kill-runs [-- options]

  --runs N    how many kills (default 50)
  --seed N    of everything that is random (default: a new one each time, which is printed)
  --help      this text

In each run two y-websocket clients and an HTTP client work in each of three rooms: keystrokes alone, pastes of 1 to
5 MB, and a log that becomes long enough for its compaction. 0 to 3 s later every process of the system is killed at
once, and the system is started on the same data. Lost is whatever another client had seen, a 2xx had answered or a
SYNC_STATUS echo had acknowledged before, and is not there now. Exits with 1 if anything is.`;

const KINDS: readonly Kind[] = ['typing', 'paste', 'compaction'];
const MAX_MOMENT_MS = 3_000;

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '50' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return true;
  }
  const runs = wholeNumber('runs', values.runs);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', values.seed, 0);
  console.log(`seed ${seed}, ${runs} runs`);
  const persistTo = await makeFolder();
  try {
    return await killRuns(runs, randomFrom(seed), persistTo);
  } finally {
    await killLeftovers();
    await removeFolder(persistTo);
  }
}

async function killRuns(runs: number, random: () => number, persistTo: string): Promise<boolean> {
  const total = { seen: 0, answered: 0, acknowledged: 0, lost: 0, flaws: 0 };
  const rooms: WatchedRoom[] = [];
  let system = await startSystem({ persistTo, mirror: false });
  const user = await system.signUp();
  for (let run = 1; run <= runs; run++) {
    const killed = await workAndKill(system, user, run, random);
    system = await startSystem({ persistTo, mirror: false });
    for (const room of killed.rooms) {
      const { lost, flaws } = await checkPromises(system, user, room);
      const { seen, answered, acknowledged } = room.promised;
      console.log(
        `run ${run}  killed after ${killed.momentMs} ms  ${room.path}  ${room.kind}: seen ${seen.length}, answered ` +
          `${answered.length}, acknowledged ${acknowledged.length}, lost ${lost}${flaws.map((flaw) => `; ${flaw}`).join('')}`,
      );
      total.seen += seen.length;
      total.answered += answered.length;
      total.acknowledged += acknowledged.length;
      total.lost += lost;
      total.flaws += flaws.length;
    }
    rooms.push(...killed.rooms);
  }
  let lostLater = 0;
  for (const room of rooms) {
    const { lost, flaws } = await recheckPromises(system, user, room);
    if (lost > 0 || flaws.length > 0)
      console.log(`${room.path}: lost ${lost} in the end ${flaws.join('; ')}`);
    lostLater += lost + flaws.length;
  }
  await system.stop();
  console.log(
    `${runs} kills, ${rooms.length} rooms: seen by another client ${total.seen}, answered with 2xx ${total.answered}, ` +
      `acknowledged ${total.acknowledged}; lost ${total.lost}, other flaws ${total.flaws}; lost or unreadable after all ` +
      `later kills ${lostLater}`,
  );
  return total.lost + total.flaws + lostLater === 0;
}

async function workAndKill(
  system: System,
  user: User,
  run: number,
  random: () => number,
): Promise<{ rooms: WatchedRoom[]; momentMs: number }> {
  const momentMs = Math.round(random() * MAX_MOMENT_MS);
  const rooms = await Promise.all(
    KINDS.map((kind) => {
      const type = random() < 0.5 ? 'documents' : 'workspaces';
      const ofRoom = randomFrom(Math.floor(random() * 2 ** 31));
      return WatchedRoom.open(system, user, { kind, path: `/${type}/run-${run}-${kind}`, random: ofRoom });
    }),
  );
  const work = Promise.all(rooms.map((room) => room.work(momentMs)));
  await Promise.race([sleep(momentMs), work]);
  for (const room of rooms) room.end();
  await system.kill();
  await work;
  for (const room of rooms) room.leave();
  return { rooms, momentMs };
}

try {
  process.exit((await main()) ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.stack : String(error));
  process.exit(1);
}
