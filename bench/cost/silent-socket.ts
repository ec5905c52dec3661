import { WebSocket } from 'ws';
import { createStep1 } from '../../test/conformance/frames.ts';
import { until } from '../../test/support/until.ts';

/** A state vector of nothing. */
const NOTHING_KNOWN = new Uint8Array([0]);

/** A socket that asks for what there is, and says nothing more. */
export interface SilentSocket {
  /** Asks once more. Settles with the answer. */
  ask(): Promise<void>;
  close(): void;
}

export async function openSilently(url: string): Promise<SilentSocket> {
  const socket = new WebSocket(url);
  let received = 0;
  socket.on('message', () => (received += 1));
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  const ask = async () => {
    const before = received;
    socket.send(createStep1(NOTHING_KNOWN));
    await until('an answer', () => (received > before ? true : undefined));
  };
  await ask();
  return { ask, close: () => socket.close() };
}
