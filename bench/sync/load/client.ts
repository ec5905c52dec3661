import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { type RawData, WebSocket } from 'ws';
import * as Y from 'yjs';
import { read, step1, updateFrame } from '../../../test/conformance/frames.ts';
import type { Wire } from '../contender.ts';

/** Hocuspocus puts the document's name before each frame, and wants a token first (its provider's AuthenticationMessage). */
const HOCUSPOCUS_AUTH = 2;
const HOCUSPOCUS_SYNC_REPLY = 4;

interface Received {
  /** `performance.now()` of this process. */
  readonly at: number;
  readonly data: Buffer;
}

/**
 * A client that costs next to nothing: what it receives is kept as bytes and looked at once the clock has stopped, so that a hundred of
 * them in one process are not what is measured.
 */
export class LeanClient {
  readonly #socket: WebSocket;
  readonly #wire: Wire;
  readonly #room: string;
  readonly received: Received[] = [];

  private constructor(socket: WebSocket, wire: Wire, room: string) {
    this.#socket = socket;
    this.#wire = wire;
    this.#room = room;
    socket.on('message', (data: RawData) => {
      this.received.push({ at: performance.now(), data: asBuffer(data) });
    });
  }

  /** Connects and asks for all that there is. */
  static async connect(url: string, wire: Wire): Promise<LeanClient> {
    const { hash } = new URL(url);
    const socket = new WebSocket(url.replace(hash, ''), { perMessageDeflate: false, maxPayload: 2 ** 30 });
    const client = new LeanClient(socket, wire, hash.slice(1));
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.on('error', () => undefined);
    if (wire === 'hocuspocus') {
      client.#sendNamed((encoder) => {
        encoding.writeVarUint(encoder, HOCUSPOCUS_AUTH);
        encoding.writeVarUint(encoder, 0);
        encoding.writeVarString(encoder, 'token');
        encoding.writeVarString(encoder, '4.7.0');
      });
    }
    client.send(step1(Y.encodeStateVector(new Y.Doc())));
    return client;
  }

  sendUpdate(update: Uint8Array): void {
    this.send(updateFrame(update));
  }

  /** @param frame as y-websocket has it */
  send(frame: Uint8Array): void {
    if (this.#wire === 'y-websocket') this.#socket.send(frame);
    else this.#sendNamed((encoder) => encoding.writeUint8Array(encoder, frame));
  }

  get receivedBytes(): number {
    return this.received.reduce((sum, { data }) => sum + data.length, 0);
  }

  /** The updates in what was received from `from` on, with the times of their arrival, in order. */
  updates(from = 0): { at: number; update: Uint8Array }[] {
    return this.received.slice(from).flatMap(({ at, data }) => {
      const update = this.#updateIn(data);
      return update === null ? [] : [{ at, update }];
    });
  }

  close(): void {
    this.#socket.close();
  }

  #sendNamed(write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarString(encoder, this.#room);
    write(encoder);
    this.#socket.send(encoding.toUint8Array(encoder));
  }

  #updateIn(data: Buffer): Uint8Array | null {
    let frame = new Uint8Array(data.buffer, data.byteOffset, data.length);
    if (this.#wire === 'hocuspocus') {
      const decoder = decoding.createDecoder(frame);
      decoding.readVarString(decoder);
      frame = frame.subarray(decoder.pos);
      // The same message as sync, which is not answered.
      if (frame[0] === HOCUSPOCUS_SYNC_REPLY) frame = new Uint8Array([0, ...frame.subarray(1)]);
    }
    const message = read(frame);
    return message.type === 'step2' || message.type === 'update' ? message.bytes : null;
  }
}

function asBuffer(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
