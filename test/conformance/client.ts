import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { getContent, getSharedTypes } from './content.ts';
import { until } from './until.ts';

/** `WebsocketProvider` of y-websocket on the runtime's WebSocket. */
export class Client {
  readonly doc = new Y.Doc();
  readonly provider: WebsocketProvider;
  readonly shared = getSharedTypes(this.doc);
  /** Ids of clients whose awareness was removed. */
  readonly removed = new Set<number>();
  /** At the first `synced`. */
  contentAtFirstSync: string | undefined;
  /** Connections that the server closed. */
  lostConnections = 0;
  #isOnline = true;

  constructor(url: string, room: string, params: Record<string, string>) {
    this.provider = new WebsocketProvider(url, encodeURIComponent(room), this.doc, {
      params,
      connect: false,
      // All sync must pass through the server.
      disableBc: true,
    });
    this.provider.on('sync', (synced) => {
      if (synced) this.contentAtFirstSync ??= getContent(this.doc);
    });
    this.provider.on('connection-close', () => {
      if (this.#isOnline) this.lostConnections += 1;
    });
    this.provider.awareness.on('change', (change: { removed: number[] }) => {
      if (this.#isOnline) for (const id of change.removed) this.removed.add(id);
    });
    this.provider.connect();
  }

  get id(): number {
    return this.doc.clientID;
  }

  async synced(): Promise<void> {
    await until('a client to sync', () => this.provider.synced);
  }

  setAwareness(state: Record<string, unknown>): void {
    this.provider.awareness.setLocalState(state);
  }

  getAwareness(clientId: number): unknown {
    return this.provider.awareness.getStates().get(clientId);
  }

  /** The client can still edit its document. */
  disconnect(): void {
    this.#isOnline = false;
    this.provider.disconnect();
  }

  reconnect(): void {
    this.#isOnline = true;
    this.provider.connect();
  }

  leave(): void {
    this.#isOnline = false;
    this.provider.destroy();
    this.doc.destroy();
  }
}
