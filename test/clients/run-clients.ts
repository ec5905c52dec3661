import { WebSocket } from 'ws';
import type { ClientCommand, ClientEvent, ClientStart, ClientVersion, ToProcess } from './messages.ts';

/** Runs unmodified clients of one version, and reports what their sockets do. */

/** What is used of a provider; the versions agree in it. */
interface Provider {
  readonly awareness: { setLocalStateField(field: string, value: unknown): void };
  readonly ws: { send(frame: string): void } | null;
  on(event: 'status', listener: (to: { readonly status: string }) => void): void;
  on(event: 'sync', listener: (isSynced: boolean) => void): void;
  connect(): void;
  disconnect(): void;
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

interface Client {
  readonly provider: Provider;
  readonly text: Text;
  /** The same object that the provider reads again at each connect, where its version does. */
  readonly params: Record<string, string>;
}

type Report = (event: ClientEvent) => void;
type Constructor<Result> = new (...args: readonly unknown[]) => Result;

/** The browser's class as one client sees it, with its openings, its frames and its ends reported. */
function reportedSocket(report: Report, headers: ClientStart['headers']) {
  let sockets = 0;
  return class ReportedSocket extends WebSocket {
    readonly #socket = sockets++;

    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols, { headers });
      const socket = this.#socket;
      report({ kind: 'upgrade', socket, at: Date.now() });
      this.on('open', () => report({ kind: 'open', socket, at: Date.now() }));
      this.on('close', (code, reason) =>
        report({ kind: 'close', socket, code, reason: reason.toString(), at: Date.now() }),
      );
      this.on('error', (error) => console.error(error.message));
    }

    /** A frame is all that a client passes. Old versions do so on a closing socket, too. */
    override send(frame: string | Uint8Array): void {
      if (this.readyState === WebSocket.OPEN)
        report({ kind: 'sent', socket: this.#socket, bytes: Buffer.byteLength(frame) });
      super.send(frame);
    }
  };
}

async function load<Module>(specifier: string): Promise<Module> {
  const loaded: Module = await import(specifier);
  return loaded;
}

async function makeDoc(version: ClientVersion): Promise<Doc> {
  const { Doc } = await load<{ Doc: Constructor<Doc> }>(version === '@y/websocket' ? '@y/y' : 'yjs');
  return new Doc();
}

async function connect(start: ClientStart, doc: Doc, report: Report): Promise<Provider> {
  const { version, serverUrl, room, params, protocols, headers } = start;
  const WebSocketPolyfill = reportedSocket(report, headers);
  if (version === 'y-partyserver') {
    const { default: YProvider } = await load<{ default: Constructor<Provider> }>('y-partyserver/provider');
    const { host, pathname } = new URL(serverUrl);
    return new YProvider(host, room, doc, {
      prefix: `${pathname}/${room}`,
      params: () => params,
      protocol: 'ws',
      WebSocketPolyfill,
      disableBc: true,
    });
  }
  const { WebsocketProvider } = await load<{ WebsocketProvider: Constructor<Provider> }>(version);
  return new WebsocketProvider(serverUrl, room, doc, {
    params,
    ...(protocols !== null && { protocols }),
    WebSocketPolyfill,
    disableBc: true,
  });
}

/** A new token each time the parameters are read. */
function withFreshTokens({ params, tokens }: ClientStart): Record<string, string> {
  const left = [...tokens];
  const fresh = { ...params };
  if (left.length > 0) Object.defineProperty(fresh, 'token', { enumerable: true, get: () => left.shift() });
  return fresh;
}

async function startClient(start: ClientStart, report: Report): Promise<Client> {
  const { version, text: written, greeting } = start;
  const doc = await makeDoc(version);
  const text = doc.getText?.('text') ?? doc.get('text');
  if (written !== '') text.insert(0, written);
  const params = withFreshTokens(start);
  const provider = await connect({ ...start, params }, doc, report);
  doc.on('update', () => report({ kind: 'text', length: text.length }));
  provider.on('sync', (synced) => report({ kind: 'sync', synced }));
  provider.on('status', ({ status }) => {
    if (status === 'connected' && greeting !== null) provider.ws?.send(greeting);
  });
  return { provider, text, params };
}

function obey({ provider, text, params }: Client, command: ClientCommand, report: Report): void {
  switch (command.do) {
    case 'start':
      throw new Error('The client was started before.');
    case 'insert':
      text.insert(command.index, command.text);
      break;
    case 'type': {
      const type = () => {
        for (let time = 0; time < command.times; time++) text.insert(0, command.text);
      };
      type();
      if (command.eachMs !== undefined) setInterval(type, command.eachMs);
      break;
    }
    case 'delete':
      text.delete(command.index, command.length);
      break;
    case 'set-awareness':
      provider.awareness.setLocalStateField(command.field, command.value);
      break;
    case 'set-params':
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
}

const clients = new Map<number, Promise<Client>>();

async function receive({ client: number, command }: ToProcess): Promise<void> {
  const report: Report = (event) => {
    // The parent may have gone a moment ago; this process then ends too.
    if (process.connected) process.send?.({ client: number, event });
  };
  if (command.do === 'start') {
    const starting = startClient(command.start, report);
    clients.set(number, starting);
    await starting;
    report({ kind: 'ready' });
    return;
  }
  const client = await clients.get(number);
  if (client === undefined) throw new Error(`There is no client ${number}.`);
  obey(client, command, report);
}

process.on('disconnect', () => process.exit());
process.on('message', (message: ToProcess) => void receive(message));
