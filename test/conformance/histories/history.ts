import * as Y from 'yjs';

/** One edit of a writer. */
export interface Step {
  readonly agent: number;
  /** v1 */
  readonly update: Uint8Array;
  /** The edits of others that the writer had received: client id → clock. */
  readonly seen: ReadonlyMap<number, number>;
}

/** Edits of concurrent writers. Each receives the edits of the others later. */
export interface History {
  /** A step comes after every step that its writer had received. */
  readonly steps: readonly Step[];
  readonly agents: number;
  readonly endContent: string;
}

const getClientId = (agent: number): number => agent + 1;

/** Records the edits of writers that have a document each and receive what they are given. */
export class HistoryRecorder {
  readonly steps: Step[] = [];
  readonly #docs: Y.Doc[];
  /** Writer → other writer → how many of its edits were received. */
  readonly #received: number[][];
  readonly #updates: Uint8Array[][];

  constructor(writers: number) {
    this.#docs = Array.from({ length: writers }, (_, agent) => {
      const doc = new Y.Doc();
      doc.clientID = getClientId(agent);
      return doc;
    });
    this.#received = this.#docs.map(() => Array<number>(writers).fill(0));
    this.#updates = this.#docs.map(() => []);
  }

  countEdits(agent: number): number {
    return this.#updates[agent]?.length ?? 0;
  }

  /** Gives a writer the first `edits` edits of another. */
  receive(agent: number, other: number, edits: number): void {
    const received = this.#received[agent];
    const [doc, updates] = [this.#docs[agent], this.#updates[other]];
    if (agent === other || received === undefined || doc === undefined || updates === undefined) return;
    for (const update of updates.slice(received[other], edits)) Y.applyUpdate(doc, update);
    received[other] = Math.max(received[other] ?? 0, edits);
  }

  getText(agent: number): Y.Text {
    return this.#getDoc(agent).getText('text');
  }

  /** One transaction. */
  write(agent: number, change: (text: Y.Text) => void): void {
    const doc = this.#getDoc(agent);
    const seen = new Map(Y.decodeStateVector(Y.encodeStateVector(doc)));
    seen.delete(getClientId(agent));
    const record = (update: Uint8Array): void => {
      this.#updates[agent]?.push(update);
      this.steps.push({ agent, update, seen });
    };
    doc.on('update', record);
    doc.transact(() => change(doc.getText('text')));
    doc.off('update', record);
  }

  /** The text with the edits of all writers. */
  getMergedText(): string {
    const doc = new Y.Doc();
    for (const { update } of this.steps) Y.applyUpdate(doc, update);
    return doc.getText('text').toJSON();
  }

  #getDoc(agent: number): Y.Doc {
    const doc = this.#docs[agent];
    if (doc === undefined) throw new Error(`There is no writer ${agent}.`);
    return doc;
  }
}
