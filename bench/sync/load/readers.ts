import { setTimeout as sleep } from 'node:timers/promises';
import * as Y from 'yjs';
import type { Wire } from '../contender.ts';
import { LeanClient } from './client.ts';
import type { Writer } from './writer.ts';

/** After this what has not arrived is taken for lost. */
export const WAIT_MS = 120_000;
const POLL_MS = 10;
/** Between the last reader's joining and the first edit. */
const SETTLE_MS = 500;

export async function joinReaders(url: string, wire: Wire, readers: number): Promise<LeanClient[]> {
  const joined: LeanClient[] = [];
  for (let reader = 0; reader < readers; reader++) joined.push(await LeanClient.connect(url, wire));
  await sleep(SETTLE_MS);
  return joined;
}

/** How much of what a writer made has reached a reader; a server may have joined some updates. */
export class Progress {
  readonly #reader: LeanClient;
  readonly #clientId: number;
  #frames: number;
  #clock = 0;

  /** @param frames received before, in which nothing of the writer is */
  constructor(reader: LeanClient, clientId: number, frames = 0) {
    this.#reader = reader;
    this.#frames = frames;
    this.#clientId = clientId;
  }

  /** How far the writer's clock was at the latest of his updates that is here. */
  get clock(): number {
    const { length } = this.#reader.received;
    if (length === this.#frames) return this.#clock;
    for (const { update } of this.#reader.updates(this.#frames)) {
      for (const { end } of rangesOf(update, this.#clientId)) this.#clock = Math.max(this.#clock, end);
    }
    this.#frames = length;
    return this.#clock;
  }
}

/** Waits until each reader has as many updates of the writer as he made. */
export async function untilAll(readers: readonly LeanClient[], writer: Writer, edits: number): Promise<void> {
  const progress = readers.map((reader) => new Progress(reader, writer.id));
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const clocks = progress.map(({ clock }) => clock);
    if (clocks.every((clock) => clock >= edits)) return;
    if (performance.now() > deadline) fail('readers', `have ${clocks.join(' ')} of ${edits} edits`);
    await sleep(POLL_MS);
  }
}

/**
 * When each edit of a writer arrived first, by its clock.
 * @throws where one before the last that arrived did not: of a server that keeps no documents nothing else tells
 */
export function arrivals(reader: LeanClient, clientId: number): number[] {
  const times: number[] = [];
  for (const { at, update } of reader.updates()) {
    for (const { start, end } of rangesOf(update, clientId)) {
      for (let clock = start; clock < end; clock++) times[clock] ??= at;
    }
  }
  // Holes count as undefined here, unlike in `some`.
  const missing = times.findIndex((at?: number) => at === undefined);
  if (missing !== -1) fail('a reader', `lacks edit ${missing}`);
  return times;
}

/** @param before who read what was there before the writer came, where there was anything */
export function checkSame(readers: readonly LeanClient[], writer: Writer, before?: LeanClient): void {
  const had = before?.updates().map(({ update }) => update) ?? [];
  const wanted = textIn([...had, Y.encodeStateAsUpdate(writer.doc)]);
  for (const reader of readers) {
    if (textOf(reader) !== wanted) fail('a reader', 'has another text');
  }
}

/** The text in all that a client has received. */
export const textOf = (reader: LeanClient): string => textIn(reader.updates().map(({ update }) => update));

export function textIn(updates: readonly Uint8Array[]): string {
  const copy = new Y.Doc();
  // In one transaction: what Yjs does after each would take longer than all the rest.
  copy.transact(() => {
    for (const update of updates) Y.applyUpdate(copy, update);
  });
  return copy.getText('text').toJSON();
}

export function fail(who: string, what: string): never {
  throw new Error(`${who}: ${what}`);
}

function rangesOf(update: Uint8Array, clientId: number): { start: number; end: number }[] {
  return Y.decodeUpdate(update).structs.flatMap(({ id, length }) =>
    id.client === clientId ? [{ start: id.clock, end: id.clock + length }] : [],
  );
}
