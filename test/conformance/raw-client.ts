import * as Y from 'yjs';
import { type Message, read, step1, updateFrame } from './frames.ts';
import { until } from './until.ts';

/** A socket that says only what it is told to say, and keeps every frame it gets. */
export class RawClient {
  /** What the sync frames it got add up to. It is never sent by itself. */
  readonly doc = new Y.Doc();
  readonly received: { readonly bytes: Uint8Array; readonly message: Message }[] = [];
  /** The text frames it got. */
  readonly texts: string[] = [];
  closeCode: number | undefined;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) this.#take(new Uint8Array(data));
      else if (typeof data === 'string') this.texts.push(data);
    });
    socket.addEventListener('close', ({ code }) => {
      this.closeCode = code;
    });
  }

  static async open(url: string): Promise<RawClient> {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    const client = new RawClient(socket);
    await until('a socket to open', () => socket.readyState !== WebSocket.CONNECTING);
    if (socket.readyState !== WebSocket.OPEN) throw new Error('a socket was refused');
    return client;
  }

  #take(bytes: Uint8Array): void {
    const message = read(bytes);
    this.received.push({ bytes, message });
    if (message.type === 'step2' || message.type === 'update') Y.applyUpdate(this.doc, message.bytes);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame: Uint8Array | string): void {
    // A copy, because the types of sockets know no shared memory.
    this.#socket.send(typeof frame === 'string' ? frame : new Uint8Array(frame));
  }

  /** Edits its document and sends the edit in a frame of its own. */
  edit(change: (doc: Y.Doc) => void): void {
    const before = Y.encodeStateVector(this.doc);
    this.doc.transact(() => change(this.doc));
    this.send(updateFrame(Y.encodeStateAsUpdate(this.doc, before)));
  }

  /** Asks for what it lacks. Once that is answered, the server has handled all that this socket sent before. */
  async roundTrip(): Promise<void> {
    const asked = this.received.length;
    this.send(step1(Y.encodeStateVector(this.doc)));
    await until('the answer to a step 1', () =>
      this.received.slice(asked).some(({ message }) => message.type === 'step2'),
    );
  }

  /** Without a word of good-bye. */
  leave(): void {
    this.#socket.close();
  }
}
