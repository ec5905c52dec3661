import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Clock,
  type JoinTask,
  type LoadResult,
  type LoadTask,
  roomAt,
  type WriteTask,
} from '../load-task.ts';
import { LeanClient } from './client.ts';
import { fail, textOf } from './readers.ts';
import { pastedDocument } from './text.ts';
import { untilReceived, writeDocument } from './write-document.ts';

/** A document of which nothing has come for so long is not there any more. */
const LOST_AFTER_MS = 10_000;

/** Writes a document, gives the server time to save it, and has somebody join while it is in memory. */
export async function write(task: LoadTask<WriteTask>, clock: Clock): Promise<LoadResult> {
  const url = roomAt(task, task.room);
  const { text, reader } = await writeDocument(url, task.wire, task.documentBytes);
  await sleep(task.settleMs);
  if (textOf(reader) !== text) fail('a reader', 'has another text');
  return joinOnce(url, task, clock, text);
}

/** Joins a document that was written before; `ms` is NaN where the server does not have it any more. */
export async function join(task: LoadTask<JoinTask>, clock: Clock): Promise<LoadResult> {
  const { text } = pastedDocument(task.documentBytes);
  return joinOnce(roomAt(task, task.room), task, clock, text);
}

async function joinOnce(
  url: string,
  { wire }: Pick<LoadTask, 'wire'>,
  clock: Clock,
  text: string,
): Promise<LoadResult> {
  await clock('begin');
  const startedAt = performance.now();
  const joiner = await LeanClient.connect(url, wire);
  let heard = 0;
  // As long as something comes, it is not lost.
  while (!(await untilReceived([joiner], text.length, LOST_AFTER_MS)) && joiner.receivedBytes > heard) {
    heard = joiner.receivedBytes;
  }
  await clock('end');
  if (joiner.receivedBytes < text.length) return { ms: Number.NaN };
  const last = joiner.updates().at(-1)?.at ?? Number.NaN;
  if (textOf(joiner) !== text) fail('a joiner', 'has another text');
  return { ms: last - startedAt };
}
