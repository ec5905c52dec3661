import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import {
  type AwarenessRoundTask,
  type MeasureCost,
  type LoadResult,
  type LoadTask,
  getRoomUrl,
} from '../load-task.ts';
import { inBatches } from './batches.ts';
import { EchoingClient } from './echoing-client.ts';
import { fail } from './readers.ts';

/** y-protocols renews an unchanged state after this long, in milliseconds. */
const RENEW_EACH_MS = 15_000;
/** Time until all clients have echoed the awareness that they received at their join. */
const SETTLE_MS = 10_000;

/** Idle clients in one room, which renew their awareness and send back that of the others, beside one in another room. */
export async function awarenessRound(
  task: LoadTask<AwarenessRoundTask>,
  measureCost: MeasureCost,
): Promise<LoadResult> {
  const url = getRoomUrl(task, randomUUID());
  const clients = await inBatches(task.sockets, (index) => EchoingClient.connect(url, index + 1));
  await sleep(SETTLE_MS);
  const bystander = fork(path.join(import.meta.dirname, 'bystander.ts'), [getRoomUrl(task, randomUUID())]);
  const slowest = once(bystander, 'message');
  await measureCost('begin');
  const frames = framesOf(clients);
  const gap = RENEW_EACH_MS / task.sockets;
  const startedAt = performance.now();
  for (let sent = 0; sent < task.rounds * task.sockets; sent++) {
    clients[sent % task.sockets]?.renew();
    const aheadMs = startedAt + (sent + 1) * gap - performance.now();
    if (aheadMs > 0) await sleep(aheadMs);
  }
  await measureCost('end');
  bystander.send('stop');
  const slowestMs = Number((await slowest)[0]);
  if (!clients.every(({ isOpen }) => isOpen)) fail('a client', 'was sent away');
  const meetsAll = clients.every(({ peers }) => peers === task.sockets - 1);
  if (!meetsAll) fail('a client', 'does not know everyone');
  return { frames: (framesOf(clients) - frames) / task.rounds, slowestMs };
}

const framesOf = (clients: readonly EchoingClient[]): number =>
  clients.reduce((sum, { frames }) => sum + frames, 0);
