import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../lib/statistics.ts';
import {
  type MeasureCost,
  type FirstFrameTask,
  type LoadResult,
  type LoadTask,
  getRoomUrl,
} from '../load-task.ts';
import { LeanClient } from './client.ts';
import { arrivals, untilAll } from './readers.ts';
import { createStateVector } from './text.ts';
import { Writer } from './writer.ts';

/**
 * How long until the first edit in a room is with the one other who is there: `ms` from when they begin to connect, or, where they have
 * been idle, from when it is sent; `againMs` the same of the edit after it. The middle of all rooms.
 */
export async function firstFrame(
  task: LoadTask<FirstFrameTask>,
  measureCost: MeasureCost,
): Promise<LoadResult> {
  const stateVector = createStateVector(task.documentBytes);
  const connect = async (room: string): Promise<{ reader: LeanClient; writer: Writer }> => {
    const url = getRoomUrl(task, room);
    const [reader, writing] = await Promise.all(
      [0, 1].map(() => LeanClient.connect(url, task.wire, stateVector)),
    );
    if (reader === undefined || writing === undefined) throw new Error('no client');
    return { reader, writer: new Writer(writing) };
  };
  await measureCost('begin');
  const first: number[] = [];
  const again: number[] = [];
  const pairs = task.idleMs === 0 ? [] : await Promise.all(task.rooms.map(connect));
  await sleep(task.idleMs);
  for (const [index, room] of task.rooms.entries()) {
    let startedAt = performance.now();
    const { reader, writer } = pairs[index] ?? (await connect(room));
    first.push((await relay(reader, writer, 1)) - startedAt);
    startedAt = performance.now();
    again.push((await relay(reader, writer, 2)) - startedAt);
  }
  await measureCost('end');
  return { ms: quantile(first, 0.5), againMs: quantile(again, 0.5) };
}

/** Types a character; gives when the reader had it. */
async function relay(reader: LeanClient, writer: Writer, edit: number): Promise<number> {
  writer.type();
  await untilAll([reader], writer, edit);
  return arrivals(reader, writer.id)[edit - 1] ?? Number.NaN;
}
