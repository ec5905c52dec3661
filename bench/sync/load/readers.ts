import { setTimeout as sleep } from 'node:timers/promises';
import * as Y from 'yjs';
import type { LoadTask } from '../load.ts';
import { LeanClient } from './client.ts';
import type { Writer } from './writer.ts';

/** After this what has not arrived is taken for lost. */
export const WAIT_MS = 120_000;
const POLL_MS = 10;
/** Between the last reader's joining and the first edit. */
const SETTLE_MS = 500;

export async function joinReaders({ url, wire, readers }: LoadTask): Promise<LeanClient[]> {
  const joined: LeanClient[] = [];
  for (let reader = 0; reader < readers; reader++) joined.push(await LeanClient.connect(url, wire));
  await sleep(SETTLE_MS);
  return joined;
}

/** Waits until each reader has as many updates of the writer as he made; a server may have joined some. */
export async function untilAll(readers: readonly LeanClient[], writer: Writer, edits: number): Promise<void> {
  const seen = readers.map((reader) => ({ reader, frames: 0, clock: 0 }));
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    for (const state of seen) {
      const { length } = state.reader.received;
      for (const { update } of state.reader.updates(state.frames)) {
        for (const { end } of rangesOf(update, writer.id)) state.clock = Math.max(state.clock, end);
      }
      state.frames = length;
    }
    if (seen.every(({ clock }) => clock >= edits)) return;
    if (performance.now() > deadline)
      fail('readers', `have ${seen.map(({ clock }) => clock).join(' ')} of ${edits} edits`);
    await sleep(POLL_MS);
  }
}

/** When each edit of a writer arrived first, by its clock. */
export function arrivals(reader: LeanClient, clientId: number): number[] {
  const times: number[] = [];
  for (const { at, update } of reader.updates()) {
    for (const { start, end } of rangesOf(update, clientId)) {
      for (let clock = start; clock < end; clock++) times[clock] ??= at;
    }
  }
  return times;
}

export function checkSame(readers: readonly LeanClient[], writer: Writer): void {
  const wanted = writer.doc.getText('text').toJSON();
  for (const reader of readers) {
    const copy = new Y.Doc();
    for (const { update } of reader.updates()) Y.applyUpdate(copy, update);
    if (copy.getText('text').toJSON() !== wanted) fail('a reader', 'has another text');
  }
}

export function fail(who: string, what: string): never {
  throw new Error(`${who}: ${what}`);
}

function rangesOf(update: Uint8Array, clientId: number): { start: number; end: number }[] {
  return Y.decodeUpdate(update).structs.flatMap(({ id, length }) =>
    id.client === clientId ? [{ start: id.clock, end: id.clock + length }] : [],
  );
}
