import { setImmediate as yieldTurn } from 'node:timers/promises';
import * as Y from 'yjs';
import type { Client } from '../client.ts';
import { generateHistory } from '../histories/generate-history.ts';
import type { History, Step } from '../histories/history.ts';
import { readHistory } from '../histories/read-history.ts';
import type { Law, Server } from '../server.ts';
import { require, until } from '../until.ts';

/** Edits in one update, as a client sends that types faster than it sends. */
const EDITS_PER_FRAME = 4;
/** Frames that a writer sends before it handles incoming frames. */
const FRAMES_PER_TURN = 6;
const GENERATED_EDITS = 26_000;
const REPLAY_TIMEOUT_MS = 60_000;

/**
 * Each writer is a client. All write concurrently and as fast as they can. A writer waits only for edits of others that it
 * had received in the history.
 */
async function replay(server: Server, { steps, agents, endContent }: History): Promise<void> {
  const room = server.room();
  const clients = await server.joinMany(room, agents);
  await Promise.all(
    clients.map((client, agent) =>
      write(
        client,
        steps.filter((step) => step.agent === agent),
      ),
    ),
  );
  await until(
    () => `all writers to read the same ${endContent.length} characters: ${formatLengths(clients)}`,
    () => clients.every(({ shared }) => shared.text.length === endContent.length),
    REPLAY_TIMEOUT_MS,
  );
  // Equal lengths do not prove equal texts: deletions may still arrive.
  await until('all writers to read the text of the history', () =>
    clients.every(({ shared }) => shared.text.toJSON() === endContent),
  );
  const late = await server.join(room);
  require(late.shared.text.toJSON() === endContent, 'a late joiner reads a different text');
}

const formatLengths = (clients: readonly Client[]): string =>
  clients.map(({ shared }) => shared.text.length).join(', ');

async function write({ doc }: Client, steps: readonly Step[]): Promise<void> {
  const isReady = ({ seen }: Step): boolean =>
    [...seen].every(([clientId, clock]) => Y.getState(doc.store, clientId) >= clock);
  let frames = 0;
  for (let next = 0; next < steps.length;) {
    const step = steps[next];
    if (step === undefined) return;
    if (!isReady(step))
      await until(
        `writer ${step.agent} to receive the others' edits`,
        () => isReady(step),
        REPLAY_TIMEOUT_MS,
      );
    const frame = steps.slice(next, next + EDITS_PER_FRAME);
    const firstUnready = frame.findIndex((later) => !isReady(later));
    const typed = firstUnready === -1 ? frame : frame.slice(0, firstUnready);
    doc.transact(() => typed.forEach(({ update }) => Y.applyUpdate(doc, update)));
    next += typed.length;
    if (++frames % FRAMES_PER_TURN === 0) await yieldTurn();
  }
}

/** Replays the trace of `--trace`, or a generated history. */
export const concurrentWritersReadOneText: Law = async (server) => {
  const { traceFile, random } = server;
  await replay(
    server,
    traceFile === undefined ? generateHistory(GENERATED_EDITS, random) : readHistory(traceFile),
  );
};
