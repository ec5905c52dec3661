import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type {
  ClientCommand,
  ClientEvent,
  ClientStart,
  ClientVersion,
  FromProcess,
  ToProcess,
} from '../clients/messages.ts';
import { until } from './until.ts';

const SCRIPT = path.join(import.meta.dirname, '../clients/run-clients.ts');

/** Lower codes are those of a client that closes by itself, and of a connection that breaks (RFC 6455, 7.4.1). */
const LOWEST_REFUSAL = 1009;

/** How and when a socket was closed. `at` in Unix milliseconds. */
interface Closed {
  readonly code: number;
  readonly reason: string;
  readonly at: number;
}

/** One WebSocket upgrade that a client started. Times in Unix milliseconds. */
export interface Upgrade {
  readonly startedAt: number;
  /** `null`: not accepted so far. */
  readonly openedAt: number | null;
  /** `null`: not closed so far. */
  readonly closed: Closed | null;
  /** What the client sent over it. */
  readonly sentFrames: number;
  readonly sentBytes: number;
}

/** An unmodified client of some version, in a process with others of this version. */
export interface RunningClient {
  readonly version: ClientVersion;
  readonly upgrades: readonly Upgrade[];
  /** Whether it takes itself for synced. */
  readonly isSynced: boolean;
  /** Of its text named `text`, in characters. */
  readonly length: number;
  /** Does something with the text named `text`, the awareness or the connection. */
  send(command: ClientCommand): void;
  /** What the text named `text` holds. */
  read(): Promise<string>;
  /** Settles once the client is synced. */
  synced(): Promise<void>;
  /** Settles once the server has refused an upgrade or closed a socket; gives the first such end. */
  refused(): Promise<Closed>;
}

/** By version: each runs all clients of its version that a test starts. */
const processes = new Map<ClientVersion, ClientsProcess>();

/** Ends what a test left running. For `afterEach` or `afterAll`. */
export async function endClients(): Promise<void> {
  const running = [...processes.values()];
  processes.clear();
  await Promise.all(running.map((clients) => clients.end()));
}

/**
 * Starts a client. It begins to connect at once.
 * @param serverUrl `ws://…/documents`
 * @param room as it stands in the URL
 */
export async function startClient(
  version: ClientVersion,
  serverUrl: string,
  room: string,
  options: Partial<Omit<ClientStart, 'version' | 'serverUrl' | 'room'>> = {},
): Promise<RunningClient> {
  const running = processes.get(version) ?? new ClientsProcess(version);
  processes.set(version, running);
  const defaults = { params: {}, tokens: [], protocols: null, headers: {}, text: '', greeting: null };
  const client = running.start({ ...defaults, ...options, version, serverUrl, room });
  await client.ready();
  return client;
}

/** Whether the server has closed a socket, or refused it. */
export function isRefused({ closed }: Upgrade): boolean {
  return closed !== null && closed.code >= LOWEST_REFUSAL;
}

class ClientsProcess {
  readonly #version: ClientVersion;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #clients: ClientInProcess[] = [];
  #hasEnded = false;
  #errors = '';

  constructor(version: ClientVersion) {
    this.#version = version;
    this.#child = fork(SCRIPT, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Not vitest's, which resolve packages as in a browser.
      execArgv: [],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#child.on('message', ({ client, event }: FromProcess) => this.#clients[client]?.note(event));
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', () => {
        this.#hasEnded = true;
        resolve();
      });
    });
  }

  start(start: ClientStart): ClientInProcess {
    const number = this.#clients.length;
    const client = new ClientInProcess(this.#version, {
      send: (command) => {
        const message: ToProcess = { client: number, command };
        this.#child.send(message);
      },
      assertRunning: () => {
        if (this.#hasEnded) throw new Error(`${this.#version} has ended:\n${this.#errors}`);
      },
    });
    this.#clients.push(client);
    client.send({ do: 'start', start });
    return client;
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** What a client has of its process. */
interface Host {
  send(command: ClientCommand): void;
  /** @throws where it has ended */
  assertRunning(): void;
}

class ClientInProcess implements RunningClient {
  readonly version: ClientVersion;
  readonly upgrades: Upgrade[] = [];
  isSynced = false;
  length = 0;
  readonly #host: Host;
  readonly #texts: string[] = [];
  #isReady = false;

  constructor(version: ClientVersion, host: Host) {
    this.version = version;
    this.#host = host;
  }

  ready(): Promise<true> {
    return this.#until('the client to start', () => (this.#isReady ? true : undefined));
  }

  send(command: ClientCommand): void {
    this.#host.send(command);
  }

  async read(): Promise<string> {
    this.send({ do: 'read' });
    return this.#until('the text', () => this.#texts.shift());
  }

  async synced(): Promise<void> {
    await this.#until('the client to be synced', () => (this.isSynced ? true : undefined));
  }

  refused(): Promise<Closed> {
    return this.#until('a socket to be closed', () => this.upgrades.find(isRefused)?.closed ?? undefined);
  }

  note(event: ClientEvent): void {
    switch (event.kind) {
      case 'ready':
        this.#isReady = true;
        break;
      case 'upgrade':
        this.upgrades[event.socket] = {
          startedAt: event.at,
          openedAt: null,
          closed: null,
          sentFrames: 0,
          sentBytes: 0,
        };
        break;
      case 'open':
        this.#change(event.socket, () => ({ openedAt: event.at }));
        break;
      case 'close': {
        const { code, reason, at } = event;
        this.#change(event.socket, () => ({ closed: { code, reason, at } }));
        break;
      }
      case 'sent':
        this.#change(event.socket, ({ sentFrames, sentBytes }) => ({
          sentFrames: sentFrames + 1,
          sentBytes: sentBytes + event.bytes,
        }));
        break;
      case 'sync':
        this.isSynced = event.synced;
        break;
      case 'text':
        this.length = event.length;
        break;
      case 'read':
        this.#texts.push(event.text);
        break;
    }
  }

  #until<Result>(what: string, read: () => Result | undefined): Promise<Result> {
    return until(`${this.version}: ${what}`, () => {
      const result = read();
      if (result === undefined) this.#host.assertRunning();
      return result;
    });
  }

  #change(socket: number, change: (upgrade: Upgrade) => Partial<Upgrade>): void {
    const upgrade = this.upgrades[socket];
    if (upgrade !== undefined) this.upgrades[socket] = { ...upgrade, ...change(upgrade) };
  }
}
