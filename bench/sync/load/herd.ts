import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MeasureCost, type HerdTask, type LoadResult, type LoadTask, getRoomUrl } from '../load-task.ts';
import { LeanClient } from './client.ts';
import { fail, getText } from './readers.ts';
import { untilReceived, writeDocument } from './write-document.ts';

/** Many who join a document at once: how long until all have it, and what that is on the wire. */
export async function herd(task: LoadTask<HerdTask>, measureCost: MeasureCost): Promise<LoadResult> {
  const url = getRoomUrl(task, randomUUID());
  const { text, reader: bystander } = await writeDocument(url, task.wire, task.documentBytes);
  await sleep(task.settleMs);
  const before = bystander.receivedBytes;

  await measureCost('begin');
  const startedAt = performance.now();
  const joiners = await Promise.all(
    Array.from({ length: task.joiners }, () => LeanClient.connect(url, task.wire)),
  );
  if (!(await untilReceived(joiners, text.length)))
    fail('joiners', joiners.map(({ receivedBytes }) => receivedBytes).join(' '));
  await measureCost('end');
  const all = Math.max(...joiners.map(({ received }) => received.at(-1)?.at ?? Number.NaN));
  if (joiners.some((joiner) => getText(joiner) !== text)) fail('a joiner', 'has another text');
  const bytes = joiners.reduce((sum, joiner) => sum + joiner.receivedBytes, 0);
  return {
    ms: all - startedAt,
    timesDocument: bytes / task.joiners / text.length,
    bytesPerBystander: bystander.receivedBytes - before,
  };
}
