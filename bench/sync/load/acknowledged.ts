import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../lib/statistics.ts';
import type { AcknowledgedTask, MeasureCost, LoadResult, LoadTask } from '../load-task.ts';
import { getRoomUrl } from '../load-task.ts';
import type { LeanClient } from './client.ts';
import { checkSame, joinReaders, untilAll } from './readers.ts';
import { Writer } from './writer.ts';

/** Roomkeeper's own message, which it echoes once all before it is stored (docs/reference/websocket.md). */
const SYNC_STATUS = 100;
/** Hocuspocus answers each update with it (its MessageType.SyncStatus). */
const HOCUSPOCUS_SYNC_STATUS = 8;
const WITHIN_MS = 10_000;
/** Hocuspocus acknowledges what came before the first edit too: nothing counts before it is quiet. */
const SETTLE_MS = 300;

/** Time from an edit to its acknowledgement. Each edit waits for the previous one. */
export async function acknowledged(
  task: LoadTask<AcknowledgedTask>,
  measureCost: MeasureCost,
): Promise<LoadResult> {
  const url = getRoomUrl(task, randomUUID());
  const readers = await joinReaders(url, task.wire, 1);
  const writer = await Writer.join(url, task.wire);
  await sleep(SETTLE_MS);
  const isAsked = task.wire === 'y-websocket';
  await measureCost('begin');
  const latencies: number[] = [];
  for (let edit = 0; edit < task.edits; edit++) {
    const answer = next(writer.client, isAsked ? SYNC_STATUS : HOCUSPOCUS_SYNC_STATUS);
    const startedAt = performance.now();
    writer.type();
    if (isAsked) writer.client.send(new Uint8Array([SYNC_STATUS]));
    latencies.push((await answer) - startedAt);
  }
  await measureCost('end');
  await untilAll(readers, writer, task.edits);
  checkSame(readers, writer);
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

/** When the next frame of a type comes. */
function next(client: LeanClient, type: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no frame of type ${type}`)), WITHIN_MS);
    client.onFrame = () => {
      const last = client.frames(client.received.length - 1)[0];
      if (last?.frame[0] !== type) return;
      client.onFrame = null;
      clearTimeout(timer);
      resolve(last.at);
    };
  });
}
