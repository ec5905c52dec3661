import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { type RawData, WebSocket } from 'ws';
import {
  EMPTY_STEP_2,
  isStep1,
  readMessage,
  createStep1,
  createUpdateFrame,
} from '../../../test/conformance/frames.ts';
import type { Wire } from '../contender.ts';

/** Hocuspocus puts the document's name before each frame, and wants a token first (its provider's AuthenticationMessage). */
const HOCUSPOCUS_AUTH = 2;
const HOCUSPOCUS_SYNC_REPLY = 4;

/** The state vector of a client that has nothing. */
const NOTHING = new Uint8Array([0]);

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
  receivedBytes = 0;
  /** Called for each frame that comes. */
  onFrame: (() => void) | null = null;

  private constructor(socket: WebSocket, wire: Wire, room: string) {
    this.#socket = socket;
    this.#wire = wire;
    this.#room = room;
    socket.on('message', (data: RawData) => {
      const frame = { at: performance.now(), data: asBuffer(data) };
      this.received.push(frame);
      this.receivedBytes += frame.data.length;
      this.onFrame?.();
      if (wire === 'y-websocket' && isStep1(frame.data)) socket.send(EMPTY_STEP_2);
    });
  }

  /** Connects and asks for all that it lacks. */
  static async connect(url: string, wire: Wire, stateVector: Uint8Array = NOTHING): Promise<LeanClient> {
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
    client.send(createStep1(stateVector));
    return client;
  }

  sendUpdate(update: Uint8Array): void {
    this.send(createUpdateFrame(update));
  }

  /** @param frame as y-websocket has it */
  send(frame: Uint8Array): void {
    if (this.#wire === 'y-websocket') this.#socket.send(frame);
    else this.#sendNamed((encoder) => encoding.writeUint8Array(encoder, frame));
  }

  /** Bytes that were sent and that the kernel has not taken yet. */
  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** The frames that were received from `from` on, as y-websocket has them. */
  frames(from = 0): { at: number; frame: Uint8Array }[] {
    return this.received.slice(from).map(({ at, data }) => ({ at, frame: this.#withoutName(data) }));
  }

  /** The updates in what was received from `from` on, with the times of their arrival, in order. */
  updates(from = 0): { at: number; update: Uint8Array }[] {
    return this.frames(from).flatMap(({ at, frame }) => {
      // The same message as sync, which is not answered.
      const isReply = this.#wire === 'hocuspocus' && frame[0] === HOCUSPOCUS_SYNC_REPLY;
      const message = readMessage(isReply ? new Uint8Array([0, ...frame.subarray(1)]) : frame);
      return message.type === 'step2' || message.type === 'update' ? [{ at, update: message.bytes }] : [];
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

  #withoutName(data: Buffer): Uint8Array {
    const frame = new Uint8Array(data.buffer, data.byteOffset, data.length);
    if (this.#wire === 'y-websocket') return frame;
    const decoder = decoding.createDecoder(frame);
    decoding.readVarString(decoder);
    return frame.subarray(decoder.pos);
  }
}

function asBuffer(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
