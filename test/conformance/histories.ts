import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as Y from 'yjs';
import { z } from 'zod';
import { below } from './random-edits.ts';

/** One edit of a writer. */
export interface Step {
  readonly agent: number;
  /** v1 */
  readonly update: Uint8Array;
  /** The others' edits that its writer had seen: by writer, up to which clock. */
  readonly seen: ReadonlyMap<number, number>;
}

/** What several people wrote at the same time, each seeing what the others wrote somewhat later. */
export interface History {
  /** In an order in which each step comes after everything that its writer had seen. */
  readonly steps: readonly Step[];
  readonly agents: number;
  readonly endContent: string;
}

/** Client ids of the writers, in no one's way. */
const clientIdOf = (agent: number): number => agent + 1;

/** Writers on documents of their own, who see of each other what they are shown. */
class Writers {
  readonly steps: Step[] = [];
  readonly #docs: Y.Doc[];
  /** By writer, then by the writer seen: how many edits. */
  readonly #shown: number[][];
  readonly #updates: Uint8Array[][];

  constructor(count: number) {
    this.#docs = Array.from({ length: count }, (_, agent) => {
      const doc = new Y.Doc();
      doc.clientID = clientIdOf(agent);
      return doc;
    });
    this.#shown = this.#docs.map(() => Array<number>(count).fill(0));
    this.#updates = this.#docs.map(() => []);
  }

  /** How many edits this one has made. */
  made(agent: number): number {
    return this.#updates[agent]?.length ?? 0;
  }

  /** Shows to a writer what another has written, up to so many edits. */
  show(agent: number, other: number, edits: number): void {
    const shown = this.#shown[agent];
    const [doc, updates] = [this.#docs[agent], this.#updates[other]];
    if (agent === other || shown === undefined || doc === undefined || updates === undefined) return;
    for (const update of updates.slice(shown[other], edits)) Y.applyUpdate(doc, update);
    shown[other] = Math.max(shown[other] ?? 0, edits);
  }

  write(agent: number, change: (text: Y.Text) => void): void {
    const doc = this.#docs[agent];
    if (doc === undefined) throw new Error(`there is no writer ${agent}`);
    const seen = new Map(Y.decodeStateVector(Y.encodeStateVector(doc)));
    seen.delete(clientIdOf(agent));
    const keep = (update: Uint8Array): void => {
      this.#updates[agent]?.push(update);
      this.steps.push({ agent, update, seen });
    };
    doc.on('update', keep);
    doc.transact(() => change(doc.getText('text')));
    doc.off('update', keep);
  }

  /** What one who has seen everything reads. */
  everything(): string {
    const doc = new Y.Doc();
    for (const updates of this.#updates) for (const update of updates) Y.applyUpdate(doc, update);
    return doc.getText('text').toJSON();
  }
}

const Trace = z.object({
  kind: z.literal('concurrent'),
  endContent: z.string(),
  numAgents: z.number().int().min(1).max(100),
  txns: z.array(
    z.object({
      parents: z.array(z.number()),
      agent: z.number(),
      patches: z.array(z.tuple([z.number(), z.number(), z.string()])),
    }),
  ),
});

/**
 * A concurrent editing trace in the format of josephg/editing-traces, gzipped. Its positions count code points, which
 * are UTF-16 units in texts of the basic plane; of others it says so.
 * @throws where the file is no such trace
 */
export function readHistory(file: string): History {
  const trace = Trace.safeParse(JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')));
  if (!trace.success) throw new Error(`${file} is not a concurrent editing trace`);
  const { txns, numAgents, endContent } = trace.data;
  const writers = new Writers(numAgents);
  // Of each transaction: how many edits of each writer lie at or before it.
  const past: number[][] = [];
  for (const { parents, agent, patches } of txns) {
    const seen = Array<number>(numAgents).fill(0);
    for (const parent of parents)
      past[parent]?.forEach((edits, other) => (seen[other] = Math.max(seen[other] ?? 0, edits)));
    seen.forEach((edits, other) => writers.show(agent, other, edits));
    writers.write(agent, (text) => {
      for (const [position, deleted, inserted] of patches) {
        if (/[\ud800-\udfff]/.test(inserted)) throw new Error(`${file} has text beyond the basic plane`);
        if (deleted > 0) text.delete(position, deleted);
        if (inserted !== '') text.insert(position, inserted);
      }
    });
    seen[agent] = writers.made(agent);
    past.push(seen);
  }
  return { steps: writers.steps, agents: numAgents, endContent };
}

/** Two who write at once, each as far behind the other as chance has it. */
export function makeHistory(edits: number, random: () => number): History {
  const writers = new Writers(2);
  for (let edit = 0; edit < edits; edit++) {
    const agent = below(2, random);
    const other = 1 - agent;
    if (random() < 0.1) writers.show(agent, other, below(writers.made(other) + 1, random));
    writers.write(agent, (text) => {
      const position = below(text.length + 1, random);
      if (position < text.length && random() < 0.3) text.delete(position, 1);
      else text.insert(position, String.fromCharCode(97 + below(26, random)));
    });
  }
  return { steps: writers.steps, agents: 2, endContent: writers.everything() };
}
