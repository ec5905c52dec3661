import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { step1 } from '../../../test/conformance/frames.ts';

/** Asks a room for what it has, again and again, in a thread of its own, and reports the longest wait for an answer. */
const ASK_EACH_MS = 20;
const STEP_1 = step1(new Uint8Array([0]));

const socket = new WebSocket(String(workerData), { perMessageDeflate: false });
await new Promise((resolve, reject) => {
  socket.once('open', resolve);
  socket.once('error', reject);
});
let isOver = false;
parentPort?.once('message', () => (isOver = true));
let slowestMs = 0;
while (!isOver) {
  const askedAt = performance.now();
  // The last frame of an answer is the room's own step 1: 0 0.
  const answered = new Promise<void>((resolve) => {
    const onMessage = (data: Buffer): void => {
      if (data[0] !== 0 || data[1] !== 0) return;
      socket.off('message', onMessage);
      resolve();
    };
    socket.on('message', onMessage);
  });
  socket.send(STEP_1);
  await answered;
  slowestMs = Math.max(slowestMs, performance.now() - askedAt);
  await sleep(ASK_EACH_MS);
}
parentPort?.postMessage(slowestMs);
socket.close();
