import { setTimeout as sleep } from 'node:timers/promises';
import {
  type MeasureCost,
  type JoinTask,
  type LoadResult,
  type LoadTask,
  getRoomUrl,
  type WriteTask,
} from '../load-task.ts';
import { LeanClient } from './client.ts';
import { fail, getText } from './readers.ts';
import { pastedDocument } from './text.ts';
import { untilReceived, writeDocument } from './write-document.ts';

/** A document of which nothing has come for so long is not there any more. */
const LOST_AFTER_MS = 10_000;

/** Writes a document, waits until it is saved, and joins it while it is in memory. */
export async function write(task: LoadTask<WriteTask>, measureCost: MeasureCost): Promise<LoadResult> {
  const url = getRoomUrl(task, task.room);
  const { text, reader } = await writeDocument(url, task.wire, task.documentBytes);
  await sleep(task.settleMs);
  if (getText(reader) !== text) fail('a reader', 'has another text');
  return joinOnce(url, task, measureCost, text);
}

/** Joins a stored document; `ms` is NaN if the server has lost it. */
export async function join(task: LoadTask<JoinTask>, measureCost: MeasureCost): Promise<LoadResult> {
  const { text } = pastedDocument(task.documentBytes);
  return joinOnce(getRoomUrl(task, task.room), task, measureCost, text);
}

async function joinOnce(
  url: string,
  { wire }: Pick<LoadTask, 'wire'>,
  measureCost: MeasureCost,
  text: string,
): Promise<LoadResult> {
  await measureCost('begin');
  const startedAt = performance.now();
  const joiner = await LeanClient.connect(url, wire);
  let heard = 0;
  // As long as something comes, it is not lost.
  while (!(await untilReceived([joiner], text.length, LOST_AFTER_MS)) && joiner.receivedBytes > heard) {
    heard = joiner.receivedBytes;
  }
  await measureCost('end');
  if (joiner.receivedBytes < text.length) return { ms: Number.NaN };
  const last = joiner.updates().at(-1)?.at ?? Number.NaN;
  if (getText(joiner) !== text) fail('a joiner', 'has another text');
  return { ms: last - startedAt };
}
