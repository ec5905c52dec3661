import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../lib/statistics.ts';
import {
  type MeasureCost,
  type LoadResult,
  type LoadTask,
  type ManyRoomsTask,
  getRoomUrl,
} from '../load-task.ts';
import { inBatches } from './batches.ts';
import { LeanClient } from './client.ts';
import { arrivals, checkSame, untilAll } from './readers.ts';
import { Writer } from './writer.ts';

const EVERY_MS = 1_000;
const SETTLE_MS = 2_000;

interface Pair {
  readonly reader: LeanClient;
  readonly writer: Writer;
  readonly sentAt: number[];
}

/** How long edits take where there are many rooms, each of which one types a character into each second, evenly spread. */
export async function manyRooms(
  task: LoadTask<ManyRoomsTask>,
  measureCost: MeasureCost,
): Promise<LoadResult> {
  await measureCost('idle');
  const pairs = await inBatches(task.rooms, async (index): Promise<Pair> => {
    const url = getRoomUrl(task, `many-${index}-of-${process.pid}`);
    const reader = await LeanClient.connect(url, task.wire);
    return { reader, writer: await Writer.join(url, task.wire), sentAt: [] };
  });
  await sleep(SETTLE_MS);
  await measureCost('begin');
  const startedAt = performance.now();
  for (let second = 0; second < task.seconds; second++) {
    for (const [index, { writer, sentAt }] of pairs.entries()) {
      const at = startedAt + (second + index / pairs.length) * EVERY_MS;
      // What is due in the same millisecond is sent together: a timer is no finer.
      if (at - performance.now() >= 1) await sleep(at - performance.now());
      sentAt.push(performance.now());
      writer.type();
    }
  }
  for (const { reader, writer } of pairs) await untilAll([reader], writer, task.seconds);
  await measureCost('end');
  const latencies = pairs.flatMap(({ reader, writer, sentAt }) =>
    arrivals(reader, writer.id).map((at, edit) => at - (sentAt[edit] ?? Number.NaN)),
  );
  if (task.keepsDocuments) for (const { reader, writer } of pairs) checkSame([reader], writer);
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}
