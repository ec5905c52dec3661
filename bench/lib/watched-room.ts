import { setTimeout as sleep } from 'node:timers/promises';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { COMPACT_AFTER_UPDATES } from '../../src/rooms/limits.ts';
import type { System, User } from '../../test/support/system.ts';
import { connectClient, type YjsClient } from '../../test/support/yjs-client.ts';

/** What is going on in a room when the system is killed: keystrokes, pastes of 1 to 5 MB, or a compaction as well. */
export type Kind = 'typing' | 'paste' | 'compaction';

/** Updates that a system had let somebody believe were stored before it was killed. */
export interface Promised {
  /** What one client had written and another had seen. */
  readonly seen: Uint8Array[];
  /** What a 2xx had answered. */
  readonly answered: Uint8Array[];
  /** What a SYNC_STATUS echo had followed. */
  readonly acknowledged: Uint8Array[];
}

const SYNC_STATUS = 100;
const KEYSTROKE_EVERY_MS = 6;
const MAX_PASTE_CHARACTERS = 5_000_000;
const MIN_PASTE_CHARACTERS = 1_000_000;
/** The log is brought so close to its bound; the last updates come shortly before the kill. */
const UPDATES_LEFT_TO_BOUND = 50;

/** A room with two y-websocket clients and an HTTP client at work, which notes every promise that they are given. */
export class WatchedRoom {
  readonly kind: Kind;
  /** `/documents/NAME` or `/workspaces/NAME` */
  readonly path: string;
  readonly promised: Promised = { seen: [], answered: [], acknowledged: [] };
  readonly #system: System;
  readonly #user: User;
  readonly #random: () => number;
  readonly #writer: YjsClient;
  readonly #reader: YjsClient;
  /** What the writer wrote, and how many of it each acknowledgement under way will stand for. */
  readonly #written: Uint8Array[] = [];
  readonly #underway: number[] = [];
  #acknowledged = 0;
  #isOver = false;

  private constructor(
    room: { kind: Kind; path: string; random: () => number },
    system: System,
    user: User,
    writer: YjsClient,
    reader: YjsClient,
  ) {
    this.kind = room.kind;
    this.path = room.path;
    this.#random = room.random;
    this.#system = system;
    this.#user = user;
    this.#writer = writer;
    this.#reader = reader;
    writer.doc.on('update', (update: Uint8Array, origin: unknown) => {
      (origin === writer.provider ? this.promised.seen : this.#written).push(update);
    });
    reader.doc.on('update', (update: Uint8Array) => this.promised.seen.push(update));
    writer.provider.messageHandlers[SYNC_STATUS] = () => {
      const count = this.#underway.shift() ?? 0;
      this.promised.acknowledged.push(...this.#written.slice(this.#acknowledged, count));
      this.#acknowledged = Math.max(this.#acknowledged, count);
    };
  }

  /** Opens a room; one that is to be compacted gets a log that is almost long enough. */
  static async open(
    system: System,
    user: User,
    room: { kind: Kind; path: string; random: () => number },
  ): Promise<WatchedRoom> {
    const jwt = await system.mintJwt(user);
    const [writer, reader] = await Promise.all([
      clientOf(system, room.path, jwt),
      clientOf(system, room.path, jwt),
    ]);
    const watched = new WatchedRoom(room, system, user, writer, reader);
    if (room.kind === 'compaction') {
      for (let left = COMPACT_AFTER_UPDATES - UPDATES_LEFT_TO_BOUND; left > 0; left--) watched.#type();
      await watched.#untilAcknowledged();
    }
    return watched;
  }

  /**
   * Works until `end`. Pastes are spread over the time; a log passes its bound at a random moment of the last 0.4 s,
   * because a compaction of this size takes less than that.
   * @param forMs how long it is until the kill
   */
  async work(forMs: number): Promise<void> {
    await Promise.all([this.#post(), this.#keepTyping(), this.#special(forMs)]);
  }

  /** Called right before the kill: from now on nothing reconnects, and what fails is no fault. */
  end(): void {
    this.#isOver = true;
    for (const { provider } of [this.#writer, this.#reader]) provider.shouldConnect = false;
  }

  /** Called after the kill, when nothing can arrive any more. */
  leave(): void {
    this.#writer.leave();
    this.#reader.leave();
  }

  async #keepTyping(): Promise<void> {
    while (!this.#isOver) {
      this.#type();
      this.#askForAcknowledgement();
      await sleep(this.#random() * 2 * KEYSTROKE_EVERY_MS);
    }
  }

  async #special(forMs: number): Promise<void> {
    if (this.kind === 'compaction') {
      await sleep(Math.max(0, forMs - this.#random() * 400));
      for (let left = UPDATES_LEFT_TO_BOUND; left > 0 && !this.#isOver; left--) this.#type();
      if (!this.#isOver) this.#askForAcknowledgement();
    }
    while (this.kind === 'paste') {
      await sleep(this.#random() * Math.min(forMs, 1_000));
      if (this.#isOver) return;
      const length = MIN_PASTE_CHARACTERS + this.#random() * (MAX_PASTE_CHARACTERS - MIN_PASTE_CHARACTERS);
      this.#writer.insert(0, 'pasted '.repeat(length / 7));
      this.#askForAcknowledgement();
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

  async #untilAcknowledged(): Promise<void> {
    this.#askForAcknowledgement();
    while (this.#underway.length > 0) await sleep(5);
  }

  /** One HTTP sync after the other, each with one edit. */
  async #post(): Promise<void> {
    const doc = new Y.Doc();
    const list = doc.getArray('posted');
    while (!this.#isOver) {
      const before = Y.encodeStateVector(doc);
      list.push([this.#random()]);
      const update = Y.encodeStateAsUpdate(doc, before);
      const status = await this.#send(update);
      if (status === null) return;
      if (status < 200 || status >= 300)
        throw new Error(`a POST to ${this.path} was answered with ${status}`);
      this.promised.answered.push(update);
      await sleep(this.#random() * 20);
    }
  }

  /** The status it was answered with; `null` where the kill came first. */
  async #send(update: Uint8Array): Promise<number | null> {
    const body = encoding.encode((encoder) => {
      // All that there is, whatever it is: only the status counts here.
      encoding.writeVarUint8Array(encoder, Y.encodeStateVectorFromUpdate(update));
      encoding.writeVarUint8Array(encoder, update);
    });
    try {
      const response = await fetch(`${this.#system.origin}${this.path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#user.token}` },
        body,
      });
      // The headers say it; the rest may not come any more.
      void response.body?.cancel();
      return response.status;
    } catch (error) {
      if (this.#isOver) return null;
      throw error;
    }
  }
}

/** A new y-websocket client in the room of a path. */
export async function clientOf(system: System, path: string, jwt: string): Promise<YjsClient> {
  const [, type = '', name = ''] = path.split('/');
  return connectClient(`${system.wsOrigin}/${type}`, decodeURIComponent(name), jwt);
}
