import { randomUUID } from 'node:crypto';
import { createRandom } from '../../scripts/lib/random.ts';
import { Client } from './client.ts';
import { RawClient } from './raw-client.ts';

type QueryParams = Record<string, string>;

/** A server with the y-websocket protocol. */
export interface Target {
  /** `ws://…`; `/ROOM` is appended. */
  readonly url: string;
  /** The name of a new room. */
  room(): string;
  /** Query parameters, for example a token. A function is called for each new client. */
  readonly params?: QueryParams | (() => QueryParams | Promise<QueryParams>);
}

export interface Settings {
  /** Seed of all random choices. */
  readonly seed: number;
  /** A concurrent editing trace (docs/internals/conformance.md). */
  readonly traceFile?: string | undefined;
}

/** Opens clients for one law and closes them when the law ends. */
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
    this.random = createRandom(seed);
  }

  room(): string {
    return this.#target.room();
  }

  /** Resolves once the client has synced. */
  async join(room: string): Promise<Client> {
    const client = new Client(this.#target.url, room, await this.#params());
    this.#track(client);
    await client.synced();
    return client;
  }

  async joinMany(room: string, count: number): Promise<Client[]> {
    return Promise.all(Array.from({ length: count }, () => this.join(room)));
  }

  async connect(room: string): Promise<RawClient> {
    // A new client name, as in y-partyserver's provider: servers may delay clients that they closed repeatedly.
    const query = new URLSearchParams({ ...(await this.#params()), _pk: randomUUID() }).toString();
    const url = `${this.#target.url.replace(/\/+$/, '')}/${encodeURIComponent(room)}`;
    const client = await RawClient.open(`${url}?${query}`);
    this.#track(client);
    return client;
  }

  /** A law that timed out continues until it opens the next client. */
  #track(client: { leave(): void }): void {
    if (this.#closed) {
      client.leave();
      throw new Error('The law has ended.');
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

/** @throws with the reason if the server breaks the law */
export type Law = (server: Server) => Promise<void>;
