import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { runToEnd } from '../../scripts/lib/processes.ts';
import type { ClientCommand, ClientEvent, ClientStart, ClientVersion } from '../clients/messages.ts';
import { until } from './until.ts';

/** The package of client versions, which the project's own does not know. */
const CLIENTS = path.join(import.meta.dirname, '../clients');

/** One WebSocket upgrade that a client started. Times in Unix milliseconds. */
interface Upgrade {
  readonly startedAt: number;
  /** `null`: not accepted so far. */
  readonly openedAt: number | null;
  /** `null`: not closed so far. */
  readonly closed: { readonly code: number; readonly reason: string; readonly at: number } | null;
  /** What the client sent over it. */
  readonly sentFrames: number;
  readonly sentBytes: number;
}

/** An unmodified client of some version, in a process of its own. */
export interface RunningClient {
  readonly version: ClientVersion;
  readonly upgrades: readonly Upgrade[];
  /** Whether it takes itself for synced. */
  readonly isSynced: boolean;
  /** Of its text named `text`, in characters. */
  readonly length: number;
  /** Does something with the text named `text`, the awareness or the connection. */
  tell(command: ClientCommand): void;
  /** What the text named `text` holds. */
  read(): Promise<string>;
  /** Settles once the client is synced. */
  synced(): Promise<void>;
  /** Settles once a socket of it was closed; gives the first such end. */
  refused(): Promise<{ readonly code: number; readonly reason: string; readonly at: number }>;
  /** Ends its process. */
  leave(): Promise<void>;
}

const running = new Set<RunningClient>();

/** Ends what a test left running. For `afterEach`. */
export async function endClients(): Promise<void> {
  await Promise.all([...running].map((client) => client.leave()));
}

/** Installs the client versions as their lock file says, unless they are there. */
export async function installClientVersions(): Promise<void> {
  if (await isInstalled()) return;
  await runToEnd({ command: 'npm', args: ['ci'], cwd: CLIENTS });
}

/** Whether npm has installed every package at the version that the lock file names. */
async function isInstalled(): Promise<boolean> {
  const [wanted, installed] = await Promise.all([
    packagesOf('package-lock.json'),
    packagesOf('node_modules/.package-lock.json'),
  ]);
  return [...wanted].every(([name, version]) => installed.get(name) === version);
}

/** @returns versions by folder, without optional packages; none where the file is not there */
async function packagesOf(lockFile: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(path.join(CLIENTS, lockFile), 'utf8').catch(() => '{}');
  const lock: { packages?: Record<string, { version?: string; optional?: boolean }> } = JSON.parse(text);
  return new Map(
    Object.entries(lock.packages ?? {}).flatMap(([folder, { version, optional }]) =>
      folder === '' || version === undefined || optional === true ? [] : [[folder, version]],
    ),
  );
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
  options: Partial<Omit<ClientStart, 'client' | 'serverUrl' | 'room'>> = {},
): Promise<RunningClient> {
  const start: ClientStart = {
    params: {},
    protocols: null,
    headers: {},
    text: '',
    ...options,
    client: version,
    serverUrl,
    room,
  };
  const child = fork(path.join(CLIENTS, 'run-client.ts'), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Not vitest's, which resolve packages as in a browser.
    execArgv: [],
  });
  child.send(start);
  const client = new ClientProcess(version, child);
  running.add(client);
  void client.ended.then(() => running.delete(client));
  await client.ready();
  return client;
}

class ClientProcess implements RunningClient {
  readonly version: ClientVersion;
  readonly upgrades: Upgrade[] = [];
  readonly ended: Promise<void>;
  isSynced = false;
  length = 0;
  readonly #child: ChildProcess;
  #isReady = false;
  #hasEnded = false;
  #errors = '';
  #texts: string[] = [];

  constructor(version: ClientVersion, child: ChildProcess) {
    this.version = version;
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    child.on('message', (event: ClientEvent) => this.#note(event));
    this.ended = new Promise((resolve) => {
      child.once('exit', () => {
        this.#hasEnded = true;
        resolve();
      });
    });
  }

  ready(): Promise<true> {
    return this.#until('the client to start', () => (this.#isReady ? true : undefined));
  }

  tell(command: ClientCommand): void {
    this.#child.send(command);
  }

  async read(): Promise<string> {
    this.tell({ do: 'read' });
    return this.#until('the text', () => this.#texts.shift());
  }

  async synced(): Promise<void> {
    await this.#until('the client to be synced', () => (this.isSynced ? true : undefined));
  }

  refused(): Promise<NonNullable<Upgrade['closed']>> {
    return this.#until(
      'a socket to be closed',
      () => this.upgrades.find(({ closed }) => closed !== null)?.closed ?? undefined,
    );
  }

  async leave(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  async #until<Result>(what: string, read: () => Result | undefined): Promise<Result> {
    return until(`${this.version}: ${what}`, () => {
      const result = read();
      if (result === undefined && this.#hasEnded)
        throw new Error(`${this.version} has ended:\n${this.#errors}`);
      return result;
    });
  }

  #note(event: ClientEvent): void {
    switch (event.kind) {
      case 'ready':
        this.#isReady = true;
        break;
      case 'upgrade':
        this.upgrades[event.number] = {
          startedAt: event.at,
          openedAt: null,
          closed: null,
          sentFrames: 0,
          sentBytes: 0,
        };
        break;
      case 'open':
        this.#change(event.number, () => ({ openedAt: event.at }));
        break;
      case 'close': {
        const { code, reason, at } = event;
        this.#change(event.number, () => ({ closed: { code, reason, at } }));
        break;
      }
      case 'sent':
        this.#change(event.number, ({ sentFrames, sentBytes }) => ({
          sentFrames: sentFrames + 1,
          sentBytes: sentBytes + event.bytes,
        }));
        break;
      case 'error':
        this.#errors += `${event.message}\n`;
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

  #change(number: number, change: (upgrade: Upgrade) => Partial<Upgrade>): void {
    const upgrade = this.upgrades[number];
    if (upgrade !== undefined) this.upgrades[number] = { ...upgrade, ...change(upgrade) };
  }
}
