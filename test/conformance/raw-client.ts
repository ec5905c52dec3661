import * as Y from 'yjs';
import { createStep1, createUpdateFrame, type Message, readMessage } from './frames.ts';
import { until } from './until.ts';

/** A socket that sends only what the test sends, and records all incoming frames. */
export class RawClient {
  /** The merge of all incoming sync frames. */
  readonly doc = new Y.Doc();
  readonly received: { readonly bytes: Uint8Array; readonly message: Message }[] = [];
  /** Incoming text frames. */
  readonly texts: string[] = [];
  closeCode: number | undefined;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) this.#receive(new Uint8Array(data));
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
    if (socket.readyState !== WebSocket.OPEN) throw new Error('The server refused the socket.');
    return client;
  }

  #receive(bytes: Uint8Array): void {
    const message = readMessage(bytes);
    this.received.push({ bytes, message });
    if (message.type === 'step2' || message.type === 'update') Y.applyUpdate(this.doc, message.bytes);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame: Uint8Array | string): void {
    // A copy: WebSocket.send() does not accept shared memory.
    this.#socket.send(typeof frame === 'string' ? frame : new Uint8Array(frame));
  }

  /** Edits the document and sends the edit in one frame. */
  edit(change: (doc: Y.Doc) => void): void {
    const before = Y.encodeStateVector(this.doc);
    this.doc.transact(() => change(this.doc));
    this.send(createUpdateFrame(Y.encodeStateAsUpdate(this.doc, before)));
  }

  /** Resolves once the server has handled all earlier frames of this socket: it answers a step 1. */
  async roundTrip(): Promise<void> {
    const before = this.received.length;
    this.send(createStep1(Y.encodeStateVector(this.doc)));
    await until('the answer to a step 1', () =>
      this.received.slice(before).some(({ message }) => message.type === 'step2'),
    );
  }

  /** Does not clear the awareness. */
  leave(): void {
    this.#socket.close();
  }
}
