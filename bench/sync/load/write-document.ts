import { setTimeout as sleep } from 'node:timers/promises';
import type { Wire } from '../contender.ts';
import { LeanClient } from './client.ts';
import { fail, WAIT_MS } from './readers.ts';
import { pastedDocument } from './text.ts';

const POLL_MS = 5;
/** A writer waits where more than this is on its way into the kernel. */
const MAX_WAITING_BYTES = 4_000_000;

/** Who wrote a document, and who read all of it: both are still connected. */
interface Written {
  readonly text: string;
  readonly author: LeanClient;
  readonly reader: LeanClient;
}

/** Writes a document. Resolves once another client has it. */
export async function writeDocument(url: string, wire: Wire, bytes: number): Promise<Written> {
  const { text, updates } = pastedDocument(bytes);
  const author = await LeanClient.connect(url, wire);
  const reader = await LeanClient.connect(url, wire);
  for (const update of updates) {
    author.sendUpdate(update);
    while (author.waitingBytes > MAX_WAITING_BYTES) await sleep(POLL_MS);
  }
  if (!(await untilReceived([reader], bytes)))
    fail('a reader', `has ${reader.receivedBytes} of ${bytes} bytes`);
  return { text, author, reader };
}

/** Waits until each client has received as many bytes; false where that does not come about. */
export async function untilReceived(
  clients: readonly LeanClient[],
  bytes: number,
  withinMs = WAIT_MS,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (clients.some((client) => client.receivedBytes < bytes)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}
