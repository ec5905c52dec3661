import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { contentOf, shared } from './content.ts';
import { until } from './until.ts';

/** A client as apps have it: the real `WebsocketProvider` on the runtime's own WebSocket. */
export class Client {
  readonly doc = new Y.Doc();
  readonly provider: WebsocketProvider;
  readonly shared = shared(this.doc);
  /** Clients whose awareness this one was told to drop. */
  readonly removed = new Set<number>();
  /** The content at the moment in which the client said `synced` for the first time. */
  atFirstSynced: string | undefined;
  /** Connections that ended other than by this client's own wish. */
  lost = 0;
  #here = true;

  constructor(url: string, room: string, params: Record<string, string>) {
    this.provider = new WebsocketProvider(url, encodeURIComponent(room), this.doc, {
      params,
      connect: false,
      // Clients in one process must not reach each other but through the server.
      disableBc: true,
    });
    this.provider.on('sync', (synced) => {
      if (synced) this.atFirstSynced ??= contentOf(this.doc);
    });
    this.provider.on('connection-close', () => {
      if (this.#here) this.lost += 1;
    });
    this.provider.awareness.on('change', (change: { removed: number[] }) => {
      if (this.#here) for (const id of change.removed) this.removed.add(id);
    });
    this.provider.connect();
  }

  get id(): number {
    return this.doc.clientID;
  }

  async synced(): Promise<void> {
    await until('a client to be synced', () => this.provider.synced);
  }

  announce(state: Record<string, unknown>): void {
    this.provider.awareness.setLocalState(state);
  }

  /** What this client knows of another's awareness. */
  knows(clientId: number): unknown {
    return this.provider.awareness.getStates().get(clientId);
  }

  /** From here on it is partitioned from the server, and may go on editing. */
  depart(): void {
    this.#here = false;
    this.provider.disconnect();
  }

  comeBack(): void {
    this.#here = true;
    this.provider.connect();
  }

  leave(): void {
    this.#here = false;
    this.provider.destroy();
    this.doc.destroy();
  }
}
