import { setTimeout as sleep } from 'node:timers/promises';
import * as Y from 'yjs';
import type { Wire } from '../contender.ts';
import { LeanClient } from './client.ts';
import type { Writer } from './writer.ts';

/** Content that has not arrived after this time is lost. */
export const WAIT_MS = 120_000;
const POLL_MS = 10;
/** Between the last reader's join and the first edit. */
const SETTLE_MS = 500;

export async function joinReaders(url: string, wire: Wire, readers: number): Promise<LeanClient[]> {
  const joined: LeanClient[] = [];
  for (let reader = 0; reader < readers; reader++) joined.push(await LeanClient.connect(url, wire));
  await sleep(SETTLE_MS);
  return joined;
}

/** The writer's clock at a reader. Servers may merge updates. */
export class Progress {
  readonly #reader: LeanClient;
  readonly #clientId: number;
  #frames: number;
  #clock = 0;

  /** @param frames earlier frames, without updates of the writer */
  constructor(reader: LeanClient, clientId: number, frames = 0) {
    this.#reader = reader;
    this.#frames = frames;
    this.#clientId = clientId;
  }

  /** The writer's highest clock that has arrived. */
  get clock(): number {
    const { length } = this.#reader.received;
    if (length === this.#frames) return this.#clock;
    for (const { update } of this.#reader.updates(this.#frames)) {
      for (const { end } of getRanges(update, this.#clientId)) this.#clock = Math.max(this.#clock, end);
    }
    this.#frames = length;
    return this.#clock;
  }
}

/** Waits until all edits of the writer have reached all readers. */
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
 * Arrival time of each edit of a writer, by clock.
 * @throws if an edit before the last one is missing; the only check for servers that keep no documents
 */
export function arrivals(reader: LeanClient, clientId: number): number[] {
  const times: number[] = [];
  for (const { at, update } of reader.updates()) {
    for (const { start, end } of getRanges(update, clientId)) {
      for (let clock = start; clock < end; clock++) times[clock] ??= at;
    }
  }
  // `findIndex` visits holes, `some` does not.
  const missing = times.findIndex((at?: number) => at === undefined);
  if (missing !== -1) fail('a reader', `lacks edit ${missing}`);
  return times;
}

/** @param before a reader of the content before the writer joined */
export function checkSame(readers: readonly LeanClient[], writer: Writer, before?: LeanClient): void {
  const had = before?.updates().map(({ update }) => update) ?? [];
  const wanted = mergeText([...had, Y.encodeStateAsUpdate(writer.doc)]);
  for (const reader of readers) {
    if (getText(reader) !== wanted) fail('a reader', 'has another text');
  }
}

export const getText = (reader: LeanClient): string =>
  mergeText(reader.updates().map(({ update }) => update));

export function mergeText(updates: readonly Uint8Array[]): string {
  const copy = new Y.Doc();
  // One transaction: Yjs' cleanup after each would dominate.
  copy.transact(() => {
    for (const update of updates) Y.applyUpdate(copy, update);
  });
  return copy.getText('text').toJSON();
}

export function fail(subject: string, problem: string): never {
  throw new Error(`${subject}: ${problem}`);
}

function getRanges(update: Uint8Array, clientId: number): { start: number; end: number }[] {
  return Y.decodeUpdate(update).structs.flatMap(({ id, length }) =>
    id.client === clientId ? [{ start: id.clock, end: id.clock + length }] : [],
  );
}
