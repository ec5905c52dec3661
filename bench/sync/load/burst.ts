import { randomUUID } from 'node:crypto';
import {
  type BurstTask,
  type MeasureCost,
  type LoadResult,
  type LoadTask,
  getRoomUrl,
} from '../load-task.ts';
import { arrivals, checkSame, joinReaders, untilAll } from './readers.ts';
import { Writer } from './writer.ts';

/** How long it takes until all readers have edits that one writer sends as fast as he can. */
export async function burst(task: LoadTask<BurstTask>, measureCost: MeasureCost): Promise<LoadResult> {
  const url = getRoomUrl(task, randomUUID());
  const readers = await joinReaders(url, task.wire, task.readers);
  const writer = await Writer.join(url, task.wire);
  await measureCost('begin');
  const startedAt = performance.now();
  for (let edit = 0; edit < task.edits; edit++) writer.type();
  await untilAll(readers, writer, task.edits);
  await measureCost('end');
  const last = Math.max(...readers.map((reader) => arrivals(reader, writer.id).at(-1) ?? Number.NaN));
  if (task.keepsDocuments) checkSame(readers, writer);
  return { ms: last - startedAt, editsPerSecond: (task.edits * 1_000) / (last - startedAt) };
}
