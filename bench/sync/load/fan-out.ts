import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../lib/statistics.ts';
import {
  type MeasureCost,
  type FanOutTask,
  type LoadResult,
  type LoadTask,
  getRoomUrl,
} from '../load-task.ts';
import { arrivals, checkSame, joinReaders, untilAll } from './readers.ts';
import { writeDocument } from './write-document.ts';
import { Writer } from './writer.ts';

/** How long after an edit each reader has it, where one writer types at an even pace. */
export async function fanOut(task: LoadTask<FanOutTask>, measureCost: MeasureCost): Promise<LoadResult> {
  const url = getRoomUrl(task, randomUUID());
  const written = task.documentBytes > 0 ? await writeDocument(url, task.wire, task.documentBytes) : null;
  const readers = await joinReaders(url, task.wire, task.readers);
  written?.author.close();
  written?.reader.close();
  const writer = await Writer.join(url, task.wire);
  await measureCost('begin');
  const startedAt = performance.now();
  const sentAt: number[] = [];
  for (let edit = 0; edit < task.edits; edit++) {
    const wait = startedAt + edit * task.everyMs - performance.now();
    if (wait > 0) await sleep(wait);
    sentAt.push(performance.now());
    writer.type();
  }
  await untilAll(readers, writer, task.edits);
  await measureCost('end');
  const latencies = readers.flatMap((reader) =>
    arrivals(reader, writer.id).map((at, clockOf) => at - (sentAt[clockOf] ?? Number.NaN)),
  );
  if (task.keepsDocuments) checkSame(readers, writer, written?.reader);
  return {
    p50: quantile(latencies, 0.5),
    p95: quantile(latencies, 0.95),
    p99: quantile(latencies, 0.99),
  };
}
