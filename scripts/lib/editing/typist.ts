import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { applyEdit, type Edit } from './edits.ts';

/** Roomkeeper's extension: the room echoes it once everything sent before it is stored (docs/reference/websocket.md). */
const SYNC_STATUS = 100;
const MAX_PENDING_ACKNOWLEDGEMENTS = 1;
const TEXT = 'text';

/** A y-websocket client with a document that holds one text. */
export class Typist {
  readonly doc = new Y.Doc();
  readonly #provider: WebsocketProvider;
  readonly #pending: Promise<void>[] = [];
  /** In the order of the requests. */
  readonly #acknowledgements: { resolve: () => void; reject: (error: Error) => void }[] = [];

  /**
   * @param syncUrl `ws://…/users/{userId}/documents` or `…/workspaces`
   * @param room the room's name, not encoded
   * @param token a JWT
   */
  constructor(syncUrl: string, room: string, token: string) {
    this.#provider = new WebsocketProvider(syncUrl, encodeURIComponent(room), this.doc, {
      params: { token },
      disableBc: true,
    });
    this.#provider.messageHandlers[SYNC_STATUS] = () => this.#acknowledgements.shift()?.resolve();
    this.#provider.on('connection-close', () => {
      for (const { reject } of this.#acknowledgements.splice(0))
        reject(new Error('The connection was lost.'));
    });
  }

  get text(): string {
    return this.doc.getText(TEXT).toJSON();
  }

  /** Resolves once the client has everything that is stored. Rejects if the server refuses it permanently. */
  async synced(): Promise<void> {
    if (this.#provider.synced) return;
    await new Promise<void>((resolve, reject) => {
      this.#provider.on('sync', (isSynced) => {
        if (isSynced) resolve();
      });
      this.#provider.on('closed', ({ code, reason }) =>
        reject(new Error(`The server closed the connection with ${code}: ${reason}`)),
      );
    });
  }

  /** One transaction. */
  type(edit: Edit): void {
    this.doc.transact(() => applyEdit(this.doc.getText(TEXT), edit));
  }

  /** Waits while too many acknowledgements are pending, so that unsent edits do not fill the memory. */
  async waitForCapacity(): Promise<void> {
    this.#pending.push(this.stored());
    if (this.#pending.length > MAX_PENDING_ACKNOWLEDGEMENTS) await this.#pending.shift();
  }

  /** Resolves once all earlier edits are stored, and everything that the room sent before has arrived. */
  async stored(): Promise<void> {
    const socket = this.#provider.ws;
    if (socket === null) throw new Error('The client is not connected.');
    await new Promise<void>((resolve, reject) => {
      this.#acknowledgements.push({ resolve, reject });
      socket.send(new Uint8Array([SYNC_STATUS]));
    });
  }

  leave(): void {
    this.#provider.destroy();
    this.doc.destroy();
  }
}
