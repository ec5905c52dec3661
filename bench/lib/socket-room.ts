import { setTimeout as sleep } from 'node:timers/promises';
import * as Y from 'yjs';
import { COMPACT_AFTER_UPDATES } from '../../src/rooms/limits/storage-limits.ts';
import type { System, User } from '../../test/support/system.ts';
import { connectClient, type YjsClient } from '../../test/support/yjs-client.ts';
import { HttpClient } from './http-client.ts';
import { type Kind, noPromises, type Promised, type WatchedRoom } from './promises.ts';

const SYNC_STATUS = 100;
/** So slow where a log is to be compacted that it is so at the wanted moment, by `outgrow`. */
const KEYSTROKE_EVERY_MS = { typing: 6, paste: 6, compaction: 60 };
/** Each answer needs the merged state: in a room with a large document that is most of what the system does. */
const POST_EVERY_MS = { typing: 10, paste: 500, compaction: 300 };
const PASTE_EVERY_MS = 1_000;
const MAX_PASTE_CHARACTERS = 5_000_000;
const MIN_PASTE_CHARACTERS = 1_000_000;
/** The log is brought so close to its bound before the work begins. */
const UPDATES_LEFT_TO_BOUND = 1_000;
/** Items of the document to compact: enough that a kill can happen during the compaction. */
const ITEMS_TO_COMPACT = 60_000;

/** A room with two y-websocket clients and an HTTP client at work. */
export class SocketRoom implements WatchedRoom {
  readonly kind: Exclude<Kind, 'http'>;
  readonly path: string;
  readonly #random: () => number;
  readonly #promised: Promised = noPromises();
  readonly #writer: YjsClient;
  readonly #reader: YjsClient;
  readonly #poster: HttpClient;
  /** What the writer wrote, and how many of it each acknowledgement under way will stand for. */
  readonly #written: Uint8Array[] = [];
  readonly #underway: number[] = [];
  #acknowledged = 0;
  #isResting = false;

  private constructor(
    room: { kind: Exclude<Kind, 'http'>; path: string; random: () => number },
    clients: { writer: YjsClient; reader: YjsClient; poster: HttpClient },
  ) {
    this.kind = room.kind;
    this.path = room.path;
    this.#random = room.random;
    const { writer, reader, poster } = clients;
    this.#writer = writer;
    this.#reader = reader;
    this.#poster = poster;
    writer.doc.on('update', (update: Uint8Array, origin: unknown) => {
      (origin === writer.provider ? this.#promised.seen : this.#written).push(update);
    });
    reader.doc.on('update', (update: Uint8Array) => this.#promised.seen.push(update));
    writer.provider.messageHandlers[SYNC_STATUS] = () => {
      const count = this.#underway.shift() ?? 0;
      this.#promised.acknowledged.push(...this.#written.slice(this.#acknowledged, count));
      this.#acknowledged = Math.max(this.#acknowledged, count);
    };
  }

  /** Opens a room; one that is to be compacted gets a large document and a log that is almost long enough. */
  static async open(
    system: System,
    user: User,
    room: { kind: Exclude<Kind, 'http'>; path: string; random: () => number },
  ): Promise<SocketRoom> {
    const jwt = await system.mintJwt(user);
    const [writer, reader] = await Promise.all([
      createClient(system, room.path, jwt),
      createClient(system, room.path, jwt),
    ]);
    const poster = new HttpClient(system, user, room.path, room.random);
    const opened = new SocketRoom(room, { writer, reader, poster });
    if (room.kind === 'compaction') await opened.#fill();
    return opened;
  }

  get promised(): Promised {
    return {
      ...this.#promised,
      answered: this.#poster.answered,
      seen: [...this.#promised.seen, ...this.#poster.seen],
    };
  }

  get pasteUnderway(): number {
    if (this.kind !== 'paste') return 0;
    const bytes = this.#written
      .slice(this.#acknowledged)
      .reduce((sum, { byteLength }) => sum + byteLength, 0);
    return bytes < MIN_PASTE_CHARACTERS ? 0 : bytes;
  }

  outgrow(): void {
    if (this.kind !== 'compaction') return;
    for (let left = UPDATES_LEFT_TO_BOUND; left > 0; left--) this.#type();
    this.#askForAcknowledgement();
  }

  async work(): Promise<void> {
    await Promise.all([
      this.#poster.work({ large: false, pauseMs: POST_EVERY_MS[this.kind] }),
      this.#keepTyping(),
      this.#keepPasting(),
    ]);
  }

  rest(): void {
    this.#isResting = true;
    this.#poster.rest();
  }

  end(): void {
    this.#isResting = true;
    this.#poster.end();
    for (const { provider } of [this.#writer, this.#reader]) provider.shouldConnect = false;
  }

  leave(): void {
    this.#writer.leave();
    this.#reader.leave();
  }

  async #fill(): Promise<void> {
    // Something small first: the bound grows with what a log begins with, because that may be a compacted state.
    this.#type();
    Y.applyUpdate(this.#writer.doc, largeDocument());
    for (let left = COMPACT_AFTER_UPDATES - UPDATES_LEFT_TO_BOUND; left > 0; left--) this.#type();
    this.#askForAcknowledgement();
    while (this.#underway.length > 0) await sleep(5);
  }

  async #keepTyping(): Promise<void> {
    while (!this.#isResting) {
      this.#type();
      this.#askForAcknowledgement();
      await sleep(this.#random() * 2 * KEYSTROKE_EVERY_MS[this.kind]);
    }
  }

  async #keepPasting(): Promise<void> {
    while (this.kind === 'paste' && !this.#isResting) {
      const length = MIN_PASTE_CHARACTERS + this.#random() * (MAX_PASTE_CHARACTERS - MIN_PASTE_CHARACTERS);
      this.#writer.insert(0, 'pasted '.repeat(length / 7));
      this.#askForAcknowledgement();
      await sleep(this.#random() * PASTE_EVERY_MS);
    }
  }

  /** One keystroke, or one taken back. */
  #type(): void {
    const text = this.#writer.doc.getText('text');
    const at = Math.floor(this.#random() * text.length);
    if (text.length > 0 && this.#random() < 0.2) text.delete(at, 1);
    else text.insert(at, 'x');
  }

  #askForAcknowledgement(): void {
    const socket = this.#writer.provider.ws;
    if (socket === null) throw new Error(`a client of ${this.path} lost its connection before the kill`);
    if (socket.readyState !== WebSocket.OPEN) return;
    this.#underway.push(this.#written.length);
    socket.send(new Uint8Array([SYNC_STATUS]));
  }
}

/** A new y-websocket client in the room of a path. */
export async function createClient(system: System, path: string, jwt: string): Promise<YjsClient> {
  const [, type = '', name = ''] = path.split('/');
  return connectClient(`${system.wsOrigin}/${type}`, decodeURIComponent(name), jwt);
}

let large: Uint8Array | undefined;

/** One update in which every character is an item, because each was inserted before the previous one. */
function largeDocument(): Uint8Array {
  if (large !== undefined) return large;
  const doc = new Y.Doc();
  doc.transact(() => {
    for (let left = ITEMS_TO_COMPACT; left > 0; left--) doc.getText('large').insert(0, 'x');
  });
  large = Y.encodeStateAsUpdate(doc);
  return large;
}
