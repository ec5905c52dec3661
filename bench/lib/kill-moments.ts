import { setTimeout as sleep } from 'node:timers/promises';
import type { System } from '../../test/support/system.ts';
import type { WatchedRoom } from './promises.ts';

/** When a run is killed. Each run takes the next, so that a quarter of them falls to each. */
export const MOMENTS = ['at work', 'after the last edit', 'in a paste', 'in a compaction'] as const;
export type Moment = (typeof MOMENTS)[number];

const MAX_AT_WORK_MS = 3_000;
const MAX_AFTER_EDIT_MS = 10_000;
/** A paste of 1 to 5 MB takes some 50 to 200 ms to be acknowledged here. */
const MAX_IN_PASTE_MS = 60;
/** A compaction of the document that the runs make takes some 0.3 s here. */
const MAX_IN_COMPACTION_MS = 250;
const PATIENCE_MS = 30_000;

/**
 * Waits for the moment of the kill.
 * @param rooms at work
 * @throws where what the moment waits for does not happen
 */
export async function untilMoment(
  moment: Moment,
  system: System,
  rooms: readonly WatchedRoom[],
  random: () => number,
): Promise<void> {
  // The first requests of a system that was just started take long.
  await soon('an answer in each room', () => rooms.every(({ promised }) => promised.answered.length > 0));
  switch (moment) {
    case 'at work':
      return sleep(random() * MAX_AT_WORK_MS);
    case 'after the last edit':
      await sleep(random() * MAX_AT_WORK_MS);
      for (const room of rooms) room.outgrow();
      for (const room of rooms) room.rest();
      return sleep(random() * MAX_AFTER_EDIT_MS);
    case 'in a paste':
      await soon('a paste', () => rooms.some(({ pasteUnderway }) => pasteUnderway > 0));
      return sleep(random() * MAX_IN_PASTE_MS);
    case 'in a compaction':
      for (const room of rooms) room.outgrow();
      await soon('a compaction', () => rooms.some((room) => compaction(system, room) === 'under way'));
      return sleep(random() * MAX_IN_COMPACTION_MS);
  }
}

/**
 * How far a room's compaction is, by the lines that rooms print when they begin to compact their log and when
 * the alarm is over (test/worker/entries/watched-rooms.ts).
 */
export function compaction(system: System, { path }: WatchedRoom): 'not begun' | 'under way' | 'over' {
  const ending = `:${path.slice(1).replace('s/', ':')}`;
  const said = (what: string) =>
    system.lines.some((line) => line.includes(`${what} user:`) && line.includes(ending));
  if (said('alarm over')) return 'over';
  return said('compacting') ? 'under way' : 'not begun';
}

async function soon(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`${what} did not begin within ${PATIENCE_MS / 1_000} s`);
    await sleep(1);
  }
}
