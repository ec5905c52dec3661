import * as Y from 'yjs';
import type { Wire } from '../contender.ts';
import { LeanClient } from './client.ts';

/** Types one character an edit, each an update of its own as a Y.Doc gives it. */
export class Writer {
  readonly doc = new Y.Doc();
  readonly client: LeanClient;
  #update: Uint8Array | null = null;

  constructor(client: LeanClient) {
    this.client = client;
    this.doc.on('update', (update: Uint8Array) => {
      this.#update = update;
    });
  }

  static async join(url: string, wire: Wire): Promise<Writer> {
    return new Writer(await LeanClient.connect(url, wire));
  }

  /** Of his edits; the first has clock 0. */
  get id(): number {
    return this.doc.clientID;
  }

  type(): void {
    const text = this.doc.getText('text');
    text.insert(text.length, 'x');
    if (this.#update !== null) this.client.sendUpdate(this.#update);
  }
}
