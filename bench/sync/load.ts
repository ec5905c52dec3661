import type { MeasureCost, LoadResult, LoadTask } from './load-task.ts';
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
const measureCost: MeasureCost = (moment) =>
  new Promise((resolve) => {
    process.once('message', () => resolve());
    process.send?.(moment);
  });

function generate(task: LoadTask): Promise<LoadResult> {
  switch (task.load) {
    case 'fanOut':
      return fanOut(task, measureCost);
    case 'burst':
      return burst(task, measureCost);
    case 'herd':
      return herd(task, measureCost);
    case 'typing':
      return typing(task, measureCost);
    case 'write':
      return write(task, measureCost);
    case 'join':
      return join(task, measureCost);
    case 'firstFrame':
      return firstFrame(task, measureCost);
    case 'manyRooms':
      return manyRooms(task, measureCost);
    case 'idleRooms':
      return idleRooms(task, measureCost);
    case 'awarenessRound':
      return awarenessRound(task, measureCost);
    case 'acknowledged':
    default:
      return acknowledged(task, measureCost);
  }
}

const task: LoadTask = JSON.parse(process.argv[2] ?? '');
const result = await generate(task);
process.send?.(result, () => process.exit(0));
