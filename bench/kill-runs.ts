import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createRandom } from '../scripts/lib/random.ts';
import { killLeftovers } from '../test/support/dev-process.ts';
import { makeFolder, removeFolder, startSystemWith, type System, type User } from '../test/support/system.ts';
import { checkPromises, recheckPromises } from './lib/check-promises.ts';
import { HttpRoom } from './lib/http-room.ts';
import { compaction, type Moment, MOMENTS, untilMoment } from './lib/kill-moments.ts';
import { wholeNumber } from './lib/options.ts';
import { type Kind, KINDS, WAYS, type WatchedRoom } from './lib/promises.ts';
import { SocketRoom } from './lib/socket-room.ts';

const HELP = `Kills a working Roomkeeper again and again, and looks for what it had promised to keep.

  npm run kill-runs [-- options]

  --runs N    how many kills (default 50)
  --seed N    of everything that is random (default: a new one each time, which is printed)
  --control   with rooms that show updates 2 s before they store them: exits with 1 unless losses are found
  --help      this text

In each run clients work in four rooms. In three of them two y-websocket clients and an HTTP client: keystrokes alone,
pastes of 1 to 5 MB, and a log that becomes long enough for its compaction. In the fourth two HTTP clients and no other client
else. Then every process of the system is killed at once: 0 to 3 s into the work, 0 to 10 s after the last edit, in the
middle of a paste, or in the middle of a compaction, in turns. The system is started on the same data. Lost is whatever
another client had seen, a 2xx had answered or a SYNC_STATUS echo had acknowledged before, and is not there now. Exits
with 1 if anything is.`;

/** The Worker with rooms that report when they compact. */
const WATCHED = 'test/worker/entries/watched-rooms.ts';
const FORGETFUL = 'test/worker/entries/forgetful-rooms.ts';

interface Totals {
  readonly promised: Record<(typeof WAYS)[number], number>;
  readonly lost: Record<(typeof WAYS)[number], number>;
  readonly kills: Record<Moment, number>;
  flaws: number;
  /** Of a room that has been through all later kills as well. */
  lostInTheEnd: number;
  rooms: number;
  /** Kills while a paste, or a compaction, was under way, whatever they waited for. */
  inPaste: number;
  inCompaction: number;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '50' },
      seed: { type: 'string' },
      control: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return true;
  }
  const runs = wholeNumber('runs', values.runs);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', values.seed, 0);
  console.log(`seed ${seed}, ${runs} runs${values.control ? ', with rooms that forget' : ''}`);
  const persistTo = await makeFolder();
  try {
    const entry = values.control ? FORGETFUL : WATCHED;
    // Rooms that store so late are long in coming to their compaction.
    const moments = values.control ? MOMENTS.filter((moment) => moment !== 'in a compaction') : MOMENTS;
    const totals = await killRuns(runs, moments, createRandom(seed), () => startSystemWith(entry, persistTo));
    report(runs, totals);
    const lost = WAYS.map((way) => totals.lost[way]);
    if (!values.control) return totals.flaws + totals.lostInTheEnd + sum(lost) === 0;
    const isSharp = lost.every((count) => count > 0);
    console.log(
      isSharp
        ? 'control: losses of every kind were found, as they must'
        : 'control: NOT all losses were found',
    );
    return isSharp;
  } finally {
    await killLeftovers();
    await removeFolder(persistTo);
  }
}

async function killRuns(
  runs: number,
  moments: readonly Moment[],
  random: () => number,
  start: () => Promise<System>,
): Promise<Totals> {
  const totals: Totals = {
    promised: { seen: 0, answered: 0, acknowledged: 0 },
    lost: { seen: 0, answered: 0, acknowledged: 0 },
    kills: { 'at work': 0, 'after the last edit': 0, 'in a paste': 0, 'in a compaction': 0 },
    flaws: 0,
    lostInTheEnd: 0,
    rooms: 0,
    inPaste: 0,
    inCompaction: 0,
  };
  const worked: WatchedRoom[] = [];
  let system = await start();
  const user = await system.signUp();
  for (let run = 1; run <= runs; run++) {
    const moment = moments[run % moments.length] ?? 'at work';
    const rooms = await Promise.all(KINDS.map((kind) => openRoom(system, user, run, kind, random)));
    const found = await workAndKill(system, rooms, moment, random);
    console.log(`run ${run}  killed ${moment}${found.map((what) => `, ${what}`).join('')}`);
    totals.kills[moment] += 1;
    if (found.some((what) => what.includes('paste'))) totals.inPaste += 1;
    if (found.some((what) => what.includes('compaction'))) totals.inCompaction += 1;
    system = await start();
    for (const room of rooms) await check(system, user, room, totals);
    worked.push(...rooms);
  }
  console.log('once more through all rooms, which have been through all later kills by now');
  for (const room of worked) {
    const { lost, flaws } = await recheckPromises(system, user, room);
    const again = sum(WAYS.map((way) => lost[way]));
    if (again + flaws.length > 0) console.log(`${room.path}: lost ${again} in the end ${flaws.join('; ')}`);
    totals.flaws += flaws.length;
    totals.lostInTheEnd += again;
  }
  await system.stop();
  return totals;
}

async function openRoom(
  system: System,
  user: User,
  run: number,
  kind: Kind,
  random: () => number,
): Promise<WatchedRoom> {
  const path = `/${random() < 0.5 ? 'documents' : 'workspaces'}/run-${run}-${kind}`;
  const ofRoom = createRandom(Math.floor(random() * 2 ** 31));
  return kind === 'http'
    ? HttpRoom.open(system, user, path, ofRoom)
    : SocketRoom.open(system, user, { kind, path, random: ofRoom });
}

/** @returns what was under way in that moment */
async function workAndKill(
  system: System,
  rooms: readonly WatchedRoom[],
  moment: Moment,
  random: () => number,
): Promise<string[]> {
  const work = Promise.all(rooms.map((room) => room.work()));
  // What fails before the kill ends the runs; that the work ends early, because it rests, does not.
  const failed = new Promise<never>((_, reject) => void work.catch(reject));
  await Promise.race([untilMoment(moment, system, rooms, random), failed]);
  const pastes = rooms.flatMap(({ pasteUnderway }) =>
    pasteUnderway > 0 ? [`${(pasteUnderway / 1e6).toFixed(1)} MB of a paste under way`] : [],
  );
  for (const room of rooms) room.end();
  await system.kill();
  await work;
  for (const room of rooms) room.leave();
  // By now everything is here that the system could print.
  const compactions = rooms.filter((room) => compaction(system, room) === 'under way');
  return [...pastes, ...compactions.map(() => 'a compaction under way')];
}

async function check(system: System, user: User, room: WatchedRoom, totals: Totals): Promise<void> {
  const { lost, flaws } = await checkPromises(system, user, room);
  const { promised } = room;
  const counts = WAYS.map((way) => `${way} ${promised[way].length}, lost ${lost[way]}`);
  console.log(`  ${room.path}: ${[...counts, ...flaws].join('; ')}`);
  for (const way of WAYS) {
    totals.promised[way] += promised[way].length;
    totals.lost[way] += lost[way];
  }
  totals.flaws += flaws.length;
  totals.rooms += 1;
}

function report(runs: number, totals: Totals): void {
  const { promised, lost, kills, flaws, lostInTheEnd, rooms, inPaste, inCompaction } = totals;
  const moments = MOMENTS.map((moment) => `${kills[moment]} ${moment}`).join(', ');
  console.log(
    `${runs} kills (${moments}); a paste was under way at ${inPaste}, a compaction at ${inCompaction}`,
  );
  for (const way of WAYS) console.log(`${way}: ${promised[way]} in ${rooms} rooms, lost ${lost[way]}`);
  console.log(`lost in the end, after all later kills: ${lostInTheEnd}; other flaws: ${flaws}`);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

try {
  process.exit((await main()) ? 0 : 1);
} catch (error) {
  // With its cause: of a request that failed on the way only that says why.
  console.error(error);
  process.exit(1);
}
