import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as Y from 'yjs';
import type { Clock, LoadResult, LoadTask } from '../load.ts';
import { LeanClient } from './client.ts';
import { fail, WAIT_MS } from './readers.ts';

/** Time enough for a server that saves on a debounce, and for one that compacts when all is quiet. */
const SETTLE_MS = 3_000;
const POLL_MS = 5;

/** Many who join a document at once: how long until all have it, and what that is on the wire. */
export async function herd(task: LoadTask, clock: Clock): Promise<LoadResult> {
  const doc = new Y.Doc();
  // Text that does not repeat itself, in pieces as an app would insert them.
  for (let piece = 0; doc.getText('text').length < task.documentBytes; piece++) {
    doc.getText('text').insert(0, randomBytes(5_000).toString('hex'));
  }
  const document = Y.encodeStateAsUpdate(doc);
  const author = await LeanClient.connect(task.url, task.wire);
  author.sendUpdate(document);
  const bystander = await LeanClient.connect(task.url, task.wire);
  await sleep(SETTLE_MS);
  const before = bystander.receivedBytes;

  await clock('begin');
  const startedAt = performance.now();
  const joiners = await Promise.all(
    Array.from({ length: task.readers }, () => LeanClient.connect(task.url, task.wire)),
  );
  const deadline = startedAt + WAIT_MS;
  while (joiners.some((joiner) => joiner.receivedBytes < document.length)) {
    if (performance.now() > deadline)
      fail('joiners', joiners.map(({ receivedBytes }) => receivedBytes).join(' '));
    await sleep(POLL_MS);
  }
  await clock('end');
  const all = Math.max(...joiners.map(({ received }) => received.at(-1)?.at ?? Number.NaN));
  const wanted = doc.getText('text').toJSON();
  for (const joiner of joiners) {
    const copy = new Y.Doc();
    for (const { update } of joiner.updates()) Y.applyUpdate(copy, update);
    if (copy.getText('text').toJSON() !== wanted) fail('a joiner', 'has another text');
  }
  const bytes = joiners.reduce((sum, joiner) => sum + joiner.receivedBytes, 0);
  return {
    ms: all - startedAt,
    bytesPerJoiner: bytes / task.readers,
    timesDocument: bytes / task.readers / document.length,
    bytesPerBystander: bystander.receivedBytes - before,
  };
}
