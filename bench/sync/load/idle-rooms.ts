import { setTimeout as sleep } from 'node:timers/promises';
import {
  type MeasureCost,
  type IdleRoomsTask,
  type LoadResult,
  type LoadTask,
  getRoomUrl,
} from '../load-task.ts';
import { inBatches } from './batches.ts';
import { LeanClient } from './client.ts';
import { fail, getText } from './readers.ts';
import { pastedDocument } from './text.ts';
import { untilReceived } from './write-document.ts';

const SETTLE_MS = 3_000;

/** Fills many rooms with a small document, and stays in each of them without a word. */
export async function idleRooms(
  task: LoadTask<IdleRoomsTask>,
  measureCost: MeasureCost,
): Promise<LoadResult> {
  const { text, updates } = pastedDocument(task.documentBytes);
  const urlOf = (index: number): string => getRoomUrl(task, `idle-${index}-of-${process.pid}`);
  await measureCost('idle');
  await measureCost('begin');
  const clients = await inBatches(task.rooms, async (index) => {
    const client = await LeanClient.connect(urlOf(index), task.wire);
    for (const update of updates) client.sendUpdate(update);
    return client;
  });
  await sleep(SETTLE_MS);
  await measureCost('end');
  if (!clients.every(({ isOpen }) => isOpen)) fail('a client', 'was sent away');
  // Whether all of them have it, seen at some: to join the others would open what is measured again.
  const some = task.keepsDocuments ? [0, task.rooms - 1] : [];
  for (const index of some) {
    const joiner = await LeanClient.connect(urlOf(index), task.wire);
    if (!(await untilReceived([joiner], text.length)) || getText(joiner) !== text)
      fail(`room ${index}`, 'has another text');
  }
  return {};
}
