import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { WebSocket } from 'ws';
import {
  createAwarenessFrame,
  EMPTY_STEP_2,
  isStep1,
  createStep1,
} from '../../../test/conformance/frames.ts';

const AWARENESS = 1;
const STATE = { user: { name: 'Somebody idle', color: '#30bced' }, cursor: null };

/** An idle client that does with awareness what y-websocket does: sends back all of it that is new to it. */
export class EchoingClient {
  readonly #socket: WebSocket;
  readonly #id: number;
  readonly #clocks = new Map<number, number>();
  #clock = 0;
  /** Received and sent. */
  frames = 0;

  private constructor(socket: WebSocket, id: number) {
    this.#socket = socket;
    this.#id = id;
    socket.on('message', (data: Buffer) => {
      this.frames += 1;
      if (data[0] === AWARENESS) this.#receive(data);
      else if (isStep1(data)) this.#send(EMPTY_STEP_2);
    });
  }

  static async connect(url: string, id: number): Promise<EchoingClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const client = new EchoingClient(socket, id);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    client.#send(createStep1(new Uint8Array([0])));
    client.renew();
    return client;
  }

  /** Sends the state that it has, with a newer clock. */
  renew(): void {
    this.#clock += 1;
    this.#send(createAwarenessFrame(this.#id, this.#clock, STATE));
  }

  /** How many others it knows of. */
  get peers(): number {
    return this.#clocks.size;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  #send(frame: Uint8Array): void {
    this.frames += 1;
    this.#socket.send(frame);
  }

  #receive(data: Buffer): void {
    const frame = decoding.createDecoder(data);
    decoding.readVarUint(frame);
    const decoder = decoding.createDecoder(decoding.readVarUint8Array(frame));
    const applied: [id: number, clock: number, state: Uint8Array][] = [];
    for (let left = decoding.readVarUint(decoder); left > 0; left--) {
      const id = decoding.readVarUint(decoder);
      const clock = decoding.readVarUint(decoder);
      const state = decoding.readVarUint8Array(decoder);
      if (id === this.#id || clock <= (this.#clocks.get(id) ?? -1)) continue;
      this.#clocks.set(id, clock);
      applied.push([id, clock, state]);
    }
    if (applied.length === 0) return;
    const payload = encoding.encode((encoder) => {
      encoding.writeVarUint(encoder, applied.length);
      for (const [id, clock, state] of applied) {
        encoding.writeVarUint(encoder, id);
        encoding.writeVarUint(encoder, clock);
        encoding.writeVarUint8Array(encoder, state);
      }
    });
    this.#send(
      encoding.encode((encoder) => {
        encoding.writeVarUint(encoder, AWARENESS);
        encoding.writeVarUint8Array(encoder, payload);
      }),
    );
  }
}
