import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import type { Edit } from './edits.ts';

/** Roomkeeper's own message: echoed once everything sent before it is stored (docs/reference/websocket.md). */
const SYNC_STATUS = 100;
/** How many acknowledgements a typist goes on without. */
const MAX_UNDERWAY = 1;
const TEXT = 'text';

/** A real y-websocket client with a document that holds one text. */
export class Typist {
  readonly doc = new Y.Doc();
  readonly #provider: WebsocketProvider;
  readonly #underway: Promise<void>[] = [];
  /** Who waits for an acknowledgement, in the order of asking. */
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

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
    this.#provider.messageHandlers[SYNC_STATUS] = () => this.#waiting.shift()?.resolve();
    this.#provider.on('connection-close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection was lost'));
    });
  }

  get text(): string {
    return this.doc.getText(TEXT).toJSON();
  }

  /** Resolves once the client has everything that is stored; rejects where the server turns it away for good. */
  async synced(): Promise<void> {
    if (this.#provider.synced) return;
    await new Promise<void>((resolve, reject) => {
      this.#provider.on('sync', (isSynced) => {
        if (isSynced) resolve();
      });
      this.#provider.on('closed', ({ code, reason }) => reject(new Error(`closed with ${code}: ${reason}`)));
    });
  }

  /** Makes one edit, as one transaction. */
  type(edit: Edit): void {
    const text = this.doc.getText(TEXT);
    this.doc.transact(() => {
      for (const [position, deleted, inserted] of edit) {
        if (deleted > 0) text.delete(position, deleted);
        if (inserted !== '') text.insert(position, inserted);
      }
    });
  }

  /**
   * Keeps at most so many acknowledgements under way, each of all that was typed before it: whoever types faster than
   * the room stores would otherwise fill the memory of everything in between.
   */
  async breathe(): Promise<void> {
    this.#underway.push(this.stored());
    if (this.#underway.length > MAX_UNDERWAY) await this.#underway.shift();
  }

  /**
   * Resolves once all that was typed so far is stored and all that the room had for this client before is here: a room
   * handles the messages of a socket in order, and so does the client.
   */
  async stored(): Promise<void> {
    const socket = this.#provider.ws;
    if (socket === null) throw new Error('not connected');
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      socket.send(new Uint8Array([SYNC_STATUS]));
    });
  }

  leave(): void {
    this.#provider.destroy();
    this.doc.destroy();
  }
}
