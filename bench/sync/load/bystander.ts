import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { EMPTY_STEP_2, isStep1, createStep1 } from '../../../test/conformance/frames.ts';

/** Asks a room for what it has, again and again, in a process of its own, and reports the longest wait for an answer. */
const ASK_EACH_MS = 20;
const STEP_1 = createStep1(new Uint8Array([0]));

const socket = new WebSocket(process.argv[2] ?? '', { perMessageDeflate: false });
await new Promise((resolve, reject) => {
  socket.once('open', resolve);
  socket.once('error', reject);
});
const stop = new AbortController();
process.once('message', () => stop.abort());
let slowestMs = 0;
while (!stop.signal.aborted) {
  const askedAt = performance.now();
  // The last frame of an answer is the room's own step 1.
  const answered = new Promise<void>((resolve) => {
    const onMessage = (data: Buffer): void => {
      if (!isStep1(data)) return;
      socket.off('message', onMessage);
      socket.send(EMPTY_STEP_2);
      resolve();
    };
    socket.on('message', onMessage);
  });
  socket.send(STEP_1);
  await answered;
  slowestMs = Math.max(slowestMs, performance.now() - askedAt);
  await sleep(ASK_EACH_MS);
}
process.send?.(slowestMs, () => process.exit(0));
