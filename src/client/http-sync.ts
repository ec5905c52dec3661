import * as Y from 'yjs';
import { type Fetch, postSync } from './exchange.ts';
import { type SyncFailure, type SyncOutcome, failure } from './outcome.ts';
import { type PollLimits, Poller } from './polling.ts';

export interface HttpSyncOptions {
  /** `{origin}/users/{userId}/documents/{name}` or `…/workspaces/{name}`, with id and name encoded. `GET /api/me` returns the id. */
  readonly url: string;
  readonly doc: Y.Doc;
  /** A session token or a JWT. A function is called before each request, so that it can renew an expiring token. */
  readonly token: string | (() => string | Promise<string>);
  /**
   * The `incarnation` of the client that last synced the document. Store it with a persisted document, so that deleted content
   * does not return after the client was offline.
   */
  readonly incarnation?: string | null;
  /** Default: the global `fetch`. */
  readonly fetch?: Fetch;
  /** Intervals of `start()`. Default: 1 s after a change, up to 30 s without changes. */
  readonly polling?: PollLimits;
  /** Called after each call of `start()`. */
  readonly onOutcome?: (outcome: SyncOutcome) => void;
}

/** Syncs a document with a room over HTTP. Transactions with content of the room have this object as their `origin`. */
export interface HttpSync {
  /**
   * Sends what the room lacks and applies what the document lacks. Never rejects. After `synced`, everything that was in the
   * document at the call is stored. Calls during an exchange share the next one.
   */
  sync(): Promise<SyncOutcome>;
  /**
   * Calls `sync()` repeatedly: soon after a change on either side, less often without changes, and with growing delays after
   * failures. Stops after `signed-out`, `forbidden`, `deleted`, `replaced` and `absent`.
   */
  start(): void;
  /** Stops the repeated calls. A running call still completes. */
  stop(): void;
  /** Whether the calls of `start()` continue. */
  readonly isPolling: boolean;
  /** Whether the document may have edits that are not stored. */
  readonly hasUnsent: boolean;
  /** The incarnation of the room; `null` before its first response. Set before content of the room is applied to the document. */
  readonly incarnation: string | null;
  /** Stops syncing and keeps the document. Destroying the document does the same. */
  destroy(): void;
}

const DEFAULT_POLLING: PollLimits = { minMs: 1_000, maxMs: 30_000 };
/** Below the longest timer of hosts (a signed 32-bit number of milliseconds). */
const MAX_INTERVAL_MS = 24 * 60 * 60_000;
/** Before a larger first upload, the client requests the room's state vector. */
const MAX_BLIND_UPLOAD_BYTES = 16 * 1024;
const NOTHING = new Uint8Array();
/** An update (v1) without structs and deletions. */
const EMPTY_UPDATE_BYTES = 2;

/** @throws a `TypeError` or `RangeError` for invalid options */
export function createHttpSync(options: HttpSyncOptions): HttpSync {
  const { minMs, maxMs } = options.polling ?? DEFAULT_POLLING;
  if (!(minMs > 0 && minMs <= maxMs && maxMs <= MAX_INTERVAL_MS))
    throw new RangeError(`polling needs 0 < minMs <= maxMs <= ${MAX_INTERVAL_MS}`);
  return new Client({ ...options, url: new URL(options.url).href });
}

class Client implements HttpSync {
  readonly #options: HttpSyncOptions;
  readonly #poller: Poller;
  #running: Promise<SyncOutcome> | null = null;
  #queued: Promise<SyncOutcome> | null = null;
  /** Why this client must not call the room any more. */
  #ended: SyncFailure | null = null;

  /** Names the content that the document has, deletions included. */
  #etag: string | null = null;
  /** The room's state vector after the last call; `null` if unknown. */
  #roomVector: Uint8Array | null = null;
  #hasSynced = false;
  #incarnation: string | null;
  /** Counts changes that did not come from the room, deletions included. */
  #edits = 1;
  #storedEdits = 0;
  #received = false;

  constructor(options: HttpSyncOptions) {
    this.#options = options;
    this.#incarnation = options.incarnation ?? null;
    this.#poller = new Poller({
      call: () => this.sync(),
      hasUnsent: () => this.hasUnsent,
      onOutcome: (outcome) => options.onOutcome?.(outcome),
      limits: options.polling ?? DEFAULT_POLLING,
    });
    options.doc.on('update', this.#onUpdate);
    options.doc.on('destroy', this.#onDestroy);
  }

  get hasUnsent(): boolean {
    return this.#edits !== this.#storedEdits;
  }

  get incarnation(): string | null {
    return this.#incarnation;
  }

  get isPolling(): boolean {
    return this.#poller.isRunning;
  }

  sync(): Promise<SyncOutcome> {
    if (this.#queued !== null) return this.#queued;
    if (this.#running === null) return this.#run();
    this.#queued = this.#running.then(() => {
      this.#queued = null;
      return this.#run();
    });
    return this.#queued;
  }

  start(): void {
    this.#poller.start();
  }

  stop(): void {
    this.#poller.stop();
  }

  destroy(): void {
    this.#poller.stop();
    this.#options.doc.off('update', this.#onUpdate);
    this.#options.doc.off('destroy', this.#onDestroy);
  }

  readonly #onDestroy = (): void => this.destroy();

  readonly #onUpdate = (_update: Uint8Array, origin: unknown): void => {
    if (origin === this) {
      this.#received = true;
      return;
    }
    this.#edits += 1;
    this.#poller.hurry();
  };

  #run(): Promise<SyncOutcome> {
    const running = this.#exchange().finally(() => (this.#running = null));
    this.#running = running;
    return running;
  }

  async #exchange(): Promise<SyncOutcome> {
    if (this.#ended !== null) return this.#ended;
    let token: string;
    try {
      token = await this.#token();
    } catch (error) {
      return failure('unreachable', `The token function failed: ${String(error)}`);
    }
    // No await from here to the request, so that vector, update and count belong to the same content.
    const { doc } = this.#options;
    const edits = this.#edits;
    const whole = this.hasUnsent ? Y.encodeStateAsUpdate(doc, this.#roomVector ?? undefined) : NOTHING;
    const asksFirst = !this.#hasSynced && whole.byteLength > MAX_BLIND_UPLOAD_BYTES;
    const update = asksFirst ? NOTHING : whole;
    const answer = await postSync({
      url: this.#options.url,
      fetch: this.#options.fetch ?? ((url, init) => fetch(url, init)),
      token,
      etag: this.#etag,
      incarnation: this.#incarnation,
      stateVector: Y.encodeStateVector(doc),
      update,
    });
    if ('kind' in answer) {
      if (answer.kind === 'deleted') this.#ended = answer;
      return answer;
    }
    this.#hasSynced = true;
    this.#incarnation = answer.incarnation;
    this.#roomVector = answer.vector;
    if (!asksFirst) this.#storedEdits = edits;
    const received = this.#apply(answer.diff);
    if (typeof received !== 'boolean') {
      // The room must send the content again.
      this.#etag = null;
      return received;
    }
    this.#etag = answer.etag;
    if (!asksFirst) return { kind: 'synced', sent: update.byteLength > EMPTY_UPDATE_BYTES, received };
    const second = await this.#exchange();
    return second.kind === 'synced' ? { ...second, received: received || second.received } : second;
  }

  async #token(): Promise<string> {
    const { token } = this.#options;
    if (typeof token === 'string') return token;
    // An app in JavaScript may return something else.
    const renewed: unknown = await token();
    if (typeof renewed !== 'string' || renewed === '') throw new Error('it returned no token');
    return renewed;
  }

  /** @returns whether the document changed, or why the update could not be applied */
  #apply(diff: Uint8Array | null): boolean | SyncFailure {
    if (diff === null) return false;
    const { doc } = this.#options;
    const hadPending = doc.store.pendingStructs !== null || doc.store.pendingDs !== null;
    this.#received = false;
    try {
      Y.applyUpdate(doc, diff, this);
    } catch (error) {
      return failure('unexpected', `The update could not be applied: ${String(error)}`, 200);
    }
    // Pending edits of other origins may have become content in this transaction. They are not sent yet.
    if (hadPending && this.#received) this.#edits += 1;
    return this.#received;
  }
}
