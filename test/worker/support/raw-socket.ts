import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import type { RoomUser } from './room-app.ts';

/** A WebSocket that records every frame and lets a test wait for the next. */
export class RawSocket {
  readonly socket: WebSocket;
  readonly response: Response;
  readonly received: (Uint8Array | string)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #taken = 0;
  #closeCode: number | null = null;
  #wake: () => void = () => {};

  constructor(response: Response, socket: WebSocket) {
    this.response = response;
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }: { data: string | ArrayBuffer }) => {
      this.received.push(typeof data === 'string' ? data : new Uint8Array(data));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', ({ code, reason }) => {
        this.#closeCode = code;
        resolve({ code, reason });
        this.#wake();
      });
    });
    socket.accept();
  }

  static async open(user: RoomUser, path: string, headers: Record<string, string> = {}): Promise<RawSocket> {
    const response = await user.request(path, { headers: { upgrade: 'websocket', ...headers } });
    if (response.webSocket === null)
      throw new Error(`not upgraded: ${response.status} ${await response.text()}`);
    return new RawSocket(response, response.webSocket);
  }

  send(frame: Uint8Array | string): void {
    this.socket.send(frame);
  }

  /**
   * Sends updates, each after the previous is stored: a room may store concurrent edits as one.
   * @returns all frames received meanwhile
   */
  async sendInTurn(updates: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const received: Uint8Array[] = [];
    for (const update of updates) {
      this.send(frames.update(update));
      received.push(...(await this.waitUntilHandled()));
    }
    return received;
  }

  /**
   * The next binary frame.
   * @throws if the socket is closed
   */
  async next(): Promise<Uint8Array> {
    for (;;) {
      while (this.#taken >= this.received.length) {
        if (this.#closeCode !== null) throw new Error(`closed with ${this.#closeCode}`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      const frame = this.received[this.#taken++];
      if (frame instanceof Uint8Array) return frame;
    }
  }

  /**
   * Waits until the room has handled all sent frames, by a SYNC_STATUS echo: a room handles frames in order.
   * @returns all frames received meanwhile
   */
  async waitUntilHandled(): Promise<Uint8Array[]> {
    const fence = new Uint8Array([100, ...crypto.getRandomValues(new Uint8Array(8))]);
    this.send(fence);
    const frames: Uint8Array[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame.length === fence.length && frame.every((byte, index) => byte === fence[index])) return frames;
      frames.push(frame);
    }
  }
}

const frame = (...write: ((encoder: encoding.Encoder) => void)[]): Uint8Array =>
  encoding.encode((encoder) => write.forEach((part) => part(encoder)));
const uint = (value: number) => (encoder: encoding.Encoder) => encoding.writeVarUint(encoder, value);
const bytes = (value: Uint8Array) => (encoder: encoding.Encoder) =>
  encoding.writeVarUint8Array(encoder, value);

/** Frames as y-websocket writes them, independent of the code under test. */
export const frames = {
  step1: (stateVector: Uint8Array) => frame(uint(0), uint(0), bytes(stateVector)),
  step2: (update: Uint8Array) => frame(uint(0), uint(1), bytes(update)),
  update: (update: Uint8Array) => frame(uint(0), uint(2), bytes(update)),
  awareness: (clientId: number, clock: number, state: unknown) =>
    frame(
      uint(1),
      bytes(
        frame(uint(1), uint(clientId), uint(clock), (encoder) =>
          encoding.writeVarString(encoder, JSON.stringify(state)),
        ),
      ),
    ),
  queryAwareness: () => frame(uint(3)),
};

/** Parses a frame of the room. */
export function read(message: Uint8Array): {
  type: string;
  update?: Uint8Array;
  clients?: Record<number, unknown>;
} {
  const decoder = decoding.createDecoder(message);
  const type = decoding.readVarUint(decoder);
  if (type === 0) {
    const step = decoding.readVarUint(decoder);
    return {
      type: ['step1', 'step2', 'update'][step] ?? 'unknown',
      update: decoding.readVarUint8Array(decoder),
    };
  }
  if (type !== 1) return { type: 'unknown' };
  const states = readAwareness(message).map(({ clientId, state }): [number, unknown] => [clientId, state]);
  return { type: 'awareness', clients: Object.fromEntries(states) };
}

/** The entries of an awareness message. */
export function readAwareness(message: Uint8Array): { clientId: number; clock: number; state: unknown }[] {
  const decoder = decoding.createDecoder(message);
  if (decoding.readVarUint(decoder) !== 1) throw new Error('not an awareness message');
  const payload = decoding.createDecoder(decoding.readVarUint8Array(decoder));
  return Array.from({ length: decoding.readVarUint(payload) }, () => ({
    clientId: decoding.readVarUint(payload),
    clock: decoding.readVarUint(payload),
    state: JSON.parse(decoding.readVarString(payload)) as unknown,
  }));
}

/** Parses frames without keep-alives, which are empty awareness messages. */
export function readWithoutKeepAlives(received: readonly Uint8Array[]): ReturnType<typeof read>[] {
  return received.map(read).filter(({ clients }) => clients === undefined || Object.keys(clients).length > 0);
}

/** The step 2 of a client without new content. */
export const EMPTY_STEP_2: Uint8Array = frames.step2(new Uint8Array([0, 0]));

/** Joins as y-websocket does: sends a step 1, applies the replies, and answers the room's step 1s. */
export async function join(socket: RawSocket, doc: Y.Doc = new Y.Doc()): Promise<Y.Doc> {
  let reply: Uint8Array | null = frames.step1(Y.encodeStateVector(doc));
  while (reply !== null) {
    socket.send(reply);
    reply = null;
    for (const message of await socket.waitUntilHandled()) {
      const { type, update } = read(message);
      if (type === 'step1') reply = EMPTY_STEP_2;
      if ((type === 'step2' || type === 'update') && update !== undefined) Y.applyUpdate(doc, update);
    }
  }
  return doc;
}
