import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, Figure } from '../lib/benchmark.ts';
import type { Contender } from './contender.ts';
import type { ContenderSet } from './contender-set.ts';
import { figure } from './figures.ts';
import { createSubject, type Turn } from './in-turns.ts';
import { LeanClient } from './load/client.ts';
import { getText } from './load/readers.ts';
import { editSeen } from './two-clients.ts';

/** What has not come so long after all is started again is lost. */
const LOST_AFTER_MS = 5_000;

const FIGURES: readonly Figure[] = [
  figure('lost', 'lost', 'count', 0),
  figure('kills', 'of', 'count', 0, null),
];

/** Each server with durability as it comes. Nothing is timed, so they go through it side by side. */
export function killBenchmark(set: ContenderSet): Benchmark {
  return {
    name: 'edits lost by a kill',
    method:
      'A client sees an edit of another client, and at that moment all processes of the server are killed (SIGKILL). This is repeated 20 times, in a new room each time, and the server is started on the same data. At the end new clients look for all 20 edits.',
    figures: FIGURES,
    async run({ quick, progress }) {
      const contenders = (await set.all(progress)).filter(({ keepsDocuments }) => keepsDocuments);
      const kills = quick ? 2 : 20;
      progress(`${kills} kills of each`);
      return Promise.all(
        contenders.map(async (contender) => {
          const turn = await killAgainAndAgain(contender, kills);
          progress(`${contender.name} is through`);
          return createSubject(contender, FIGURES, [turn]);
        }),
      );
    },
  };
}

async function killAgainAndAgain(contender: Contender, kills: number): Promise<Turn> {
  const seen = new Map<string, string>();
  for (let kill = 0; kill < kills; kill++) {
    const room = randomUUID();
    const { text } = await editSeen(contender, room);
    await contender.kill();
    seen.set(room, text);
    await contender.start();
  }
  const url = await contender.url('ROOM');
  const readers = await Promise.all(
    Array.from(seen.keys(), (room) => LeanClient.connect(url.replace('ROOM', room), contender.wire)),
  );
  await sleep(LOST_AFTER_MS);
  const found = Array.from(seen.values(), (text, index) => {
    const reader = readers[index];
    return reader !== undefined && getText(reader) === text;
  });
  for (const reader of readers) reader.close();
  const lost = found.filter((isThere) => !isThere).length;
  return { values: { lost, kills }, remark: contender.durability };
}
