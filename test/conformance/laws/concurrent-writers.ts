import { setImmediate as breathe } from 'node:timers/promises';
import * as Y from 'yjs';
import type { Client } from '../client.ts';
import { type History, makeHistory, readHistory, type Step } from '../histories.ts';
import { type Law, NotTried, type Server } from '../server.ts';
import { require, until } from '../until.ts';

/** Edits that a writer sends at once, as a fast typist's client does. */
const EDITS_A_FRAME = 4;
/** Frames that a writer sends before it looks at what has come. */
const BURST_FRAMES = 6;
const GENERATED_EDITS = 1_500;
/** Of the whole history, whose frames may be far behind its edits. */
const PATIENCE_MS = 60_000;

/**
 * Each writer is a client of its own. All write at once, as fast as they can; one waits only where the history says
 * that it had seen another's edit, until the server has brought it that edit.
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
    () => `all writers to read the same ${endContent.length} characters: ${lengths(clients)}`,
    () => clients.every(({ shared }) => shared.text.length === endContent.length),
    PATIENCE_MS,
  );
  // Deletions may be on their way still while lengths are equal by chance.
  await until('all writers to read what was written', () =>
    clients.every(({ shared }) => shared.text.toJSON() === endContent),
  );
  const late = await server.join(room);
  require(late.shared.text.toJSON() === endContent, 'who joins afterwards reads something else');
}

const lengths = (clients: readonly Client[]): string =>
  clients.map(({ shared }) => shared.text.length).join(', ');

async function write({ doc }: Client, steps: readonly Step[]): Promise<void> {
  const isSeen = ({ seen }: Step): boolean =>
    [...seen].every(([clientId, clock]) => Y.getState(doc.store, clientId) >= clock);
  let frames = 0;
  for (let next = 0; next < steps.length;) {
    const step = steps[next];
    if (step === undefined) return;
    if (!isSeen(step))
      await until(`writer ${step.agent} to see the others' edits`, () => isSeen(step), PATIENCE_MS);
    const frame = steps.slice(next, next + EDITS_A_FRAME);
    const ready = frame.findIndex((later) => !isSeen(later));
    const typed = ready === -1 ? frame : frame.slice(0, ready);
    doc.transact(() => typed.forEach(({ update }) => Y.applyUpdate(doc, update)));
    next += typed.length;
    if (++frames % BURST_FRAMES === 0) await breathe();
  }
}

export const generatedHistoryEndsAsWritten: Law = async (server) =>
  replay(server, makeHistory(GENERATED_EDITS, server.random));

export const recordedHistoryEndsAsWritten: Law = async (server) => {
  if (server.traceFile === undefined) throw new NotTried('no trace was given');
  await replay(server, readHistory(server.traceFile));
};
