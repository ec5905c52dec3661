import { randomUUID } from 'node:crypto';
import { randomFrom } from '../../scripts/lib/random.ts';
import { Client } from './client.ts';
import { RawClient } from './raw-client.ts';

type QueryParams = Record<string, string>;

/** Any server that speaks the y-websocket wire. */
export interface Target {
  /** `ws://…`, to which `/ROOM` is added. */
  readonly url: string;
  /** The name of a room that nobody has used. */
  room(): string;
  /** Of the query string, for instance a token; a function is asked at each new client. */
  readonly params?: QueryParams | (() => QueryParams | Promise<QueryParams>);
}

export interface Settings {
  /** Of everything random in the laws. */
  readonly seed: number;
  /** A concurrent editing trace of josephg/editing-traces. */
  readonly traceFile?: string | undefined;
}

/** The server as one law sees it: what the law opens is closed when the law ends. */
export class Server {
  readonly traceFile: string | undefined;
  readonly seed: number;
  readonly random: () => number;
  readonly #target: Target;
  readonly #open: { leave(): void }[] = [];
  #closed = false;

  constructor(target: Target, { seed, traceFile }: Settings) {
    this.#target = target;
    this.seed = seed;
    this.traceFile = traceFile;
    this.random = randomFrom(seed);
  }

  room(): string {
    return this.#target.room();
  }

  /** A client that has been synced once. */
  async join(room: string): Promise<Client> {
    const client = new Client(this.#target.url, room, await this.#params());
    this.#keep(client);
    await client.synced();
    return client;
  }

  async joinMany(room: string, count: number): Promise<Client[]> {
    return Promise.all(Array.from({ length: count }, () => this.join(room)));
  }

  async connect(room: string): Promise<RawClient> {
    // A name of its own, as y-partyserver's provider has: a server may delay a client that it closed repeatedly.
    const query = new URLSearchParams({ ...(await this.#params()), _pk: randomUUID() }).toString();
    const url = `${this.#target.url.replace(/\/+$/, '')}/${encodeURIComponent(room)}`;
    const client = await RawClient.open(`${url}?${query}`);
    this.#keep(client);
    return client;
  }

  /** A law that was given up goes on until it next opens something. */
  #keep(client: { leave(): void }): void {
    if (this.#closed) {
      client.leave();
      throw new Error('the law is over');
    }
    this.#open.push(client);
  }

  async #params(): Promise<QueryParams> {
    const { params = {} } = this.#target;
    return typeof params === 'function' ? params() : params;
  }

  close(): void {
    this.#closed = true;
    for (const client of this.#open) client.leave();
  }
}

/** What must be true of a server. Throws with the reason where it is not. */
export type Law = (server: Server) => Promise<void>;

/** Thrown by a law that lacks what it needs; it says nothing about the server. */
export class NotTried extends Error {}
