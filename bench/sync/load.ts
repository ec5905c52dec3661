import type { Clock, LoadResult, LoadTask } from './load-task.ts';
import { acknowledged } from './load/acknowledged.ts';
import { awarenessRound } from './load/awareness-round.ts';
import { burst } from './load/burst.ts';
import { fanOut } from './load/fan-out.ts';
import { firstFrame } from './load/first-frame.ts';
import { herd } from './load/herd.ts';
import { idleRooms } from './load/idle-rooms.ts';
import { join, write } from './load/join.ts';
import { manyRooms } from './load/many-rooms.ts';
import { typing } from './load/typing.ts';

/** Says when the part that counts begins and ends, and waits until the server's cost was read. */
const clock: Clock = (moment) =>
  new Promise((resolve) => {
    process.once('message', () => resolve());
    process.send?.(moment);
  });

function generate(task: LoadTask): Promise<LoadResult> {
  switch (task.load) {
    case 'fanOut':
      return fanOut(task, clock);
    case 'burst':
      return burst(task, clock);
    case 'herd':
      return herd(task, clock);
    case 'typing':
      return typing(task, clock);
    case 'write':
      return write(task, clock);
    case 'join':
      return join(task, clock);
    case 'firstFrame':
      return firstFrame(task, clock);
    case 'manyRooms':
      return manyRooms(task, clock);
    case 'idleRooms':
      return idleRooms(task, clock);
    case 'awarenessRound':
      return awarenessRound(task, clock);
    case 'acknowledged':
    default:
      return acknowledged(task, clock);
  }
}

const task: LoadTask = JSON.parse(process.argv[2] ?? '');
const result = await generate(task);
process.send?.(result, () => process.exit(0));
