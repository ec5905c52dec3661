import { WebSocket } from 'ws';
import type { ClientCommand, ClientEvent, ClientStart } from './messages.ts';

/** Runs one unmodified client in a process of its own, and reports what its sockets do. */

/** What is used of a provider; the versions agree in it. */
interface Provider {
  readonly synced: boolean;
  readonly awareness: { setLocalStateField(field: string, value: unknown): void };
  on(event: string, listener: (value: unknown) => void): void;
  connect(): void;
  disconnect(): void;
  destroy(): void;
}

/** What is used of a Yjs text, version 13 or 14. */
interface Text {
  readonly length: number;
  insert(index: number, text: string): void;
  delete(index: number, length: number): void;
  toString(): string;
}

interface Doc {
  getText?(name: string): Text;
  get(name: string): Text;
  on(event: 'update', listener: () => void): void;
}

type Constructor<Result> = new (...args: readonly unknown[]) => Result;

/** The sockets of this process in order, from 0. */
let sockets = 0;
let socketOptions: Pick<ClientStart, 'headers'> = { headers: {} };

function report(event: ClientEvent): void {
  // The parent may have gone a moment ago; this process then ends too.
  if (process.connected) process.send?.(event);
}

/** The browser's class as the client sees it, with its opening, its frames and its end reported. */
class ReportedSocket extends WebSocket {
  readonly #number: number;

  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols, { headers: socketOptions.headers });
    this.#number = sockets++;
    const number = this.#number;
    report({ kind: 'upgrade', number, at: Date.now() });
    this.on('open', () => report({ kind: 'open', number, at: Date.now() }));
    this.on('close', (code, reason) =>
      report({ kind: 'close', number, code, reason: reason.toString(), at: Date.now() }),
    );
    this.on('error', (error) => report({ kind: 'error', number, message: error.message }));
  }

  /** A frame is all that a client passes. */
  override send(frame: string | Uint8Array): void {
    report({ kind: 'sent', number: this.#number, bytes: Buffer.byteLength(frame) });
    super.send(frame);
  }
}

async function load<Module>(specifier: string): Promise<Module> {
  const loaded: Module = await import(specifier);
  return loaded;
}

async function makeDoc(client: ClientStart['client']): Promise<Doc> {
  const { Doc } = await load<{ Doc: Constructor<Doc> }>(client === '@y/websocket' ? '@y/y' : 'yjs');
  return new Doc();
}

async function connect(start: ClientStart, doc: Doc): Promise<Provider> {
  const { client, serverUrl, room, params, protocols } = start;
  if (client === 'y-partyserver') {
    const { default: YProvider } = await load<{ default: Constructor<Provider> }>('y-partyserver/provider');
    const { host, pathname } = new URL(serverUrl);
    return new YProvider(host, room, doc, {
      prefix: `${pathname}/${room}`,
      params,
      protocol: 'ws',
      WebSocketPolyfill: ReportedSocket,
      disableBc: true,
    });
  }
  const { WebsocketProvider } = await load<{ WebsocketProvider: Constructor<Provider> }>(client);
  return new WebsocketProvider(serverUrl, room, doc, {
    params,
    ...(protocols !== null && { protocols }),
    WebSocketPolyfill: ReportedSocket,
    disableBc: true,
  });
}

/** The first message says how to start; it may be too long for an argument. */
function receiveStart(): Promise<ClientStart> {
  return new Promise((resolve) => process.once('message', (start: ClientStart) => resolve(start)));
}

async function main(): Promise<void> {
  const start = await receiveStart();
  socketOptions = start;
  process.on('disconnect', () => process.exit());
  const doc = await makeDoc(start.client);
  const text = doc.getText?.('text') ?? doc.get('text');
  if (start.text !== '') text.insert(0, start.text);
  const params = { ...start.params };
  const provider = await connect({ ...start, params }, doc);
  doc.on('update', () => report({ kind: 'text', length: text.length }));
  provider.on('sync', (synced) => report({ kind: 'sync', synced: synced === true }));
  process.on('message', (command: ClientCommand) => {
    switch (command.do) {
      case 'insert':
        text.insert(command.index, command.text);
        break;
      case 'delete':
        text.delete(command.index, command.length);
        break;
      case 'set-awareness':
        provider.awareness.setLocalStateField(command.field, command.value);
        break;
      case 'set-params':
        // The same object that the provider reads again at each connect, where its version does.
        Object.assign(params, command.params);
        break;
      case 'disconnect':
        provider.disconnect();
        break;
      case 'connect':
        provider.connect();
        break;
      case 'read':
        report({ kind: 'read', text: text.toString() });
        break;
    }
  });
  report({ kind: 'ready' });
}

await main();
