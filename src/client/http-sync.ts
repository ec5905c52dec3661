import * as Y from 'yjs';
import { type Fetch, postSync } from './exchange.ts';
import { type SyncFailure, type SyncOutcome, failure } from './outcome.ts';
import { type PollLimits, Poller } from './polling.ts';

export interface HttpSyncOptions {
  /**
   * The room: `{origin}/users/{userId}/documents/{name}` or `…/workspaces/{name}`, id and name encoded. `GET /api/me` has the id.
   */
  readonly url: string;
  readonly doc: Y.Doc;
  /** A session token or a JWT. A function is asked before each call, so it can renew what is about to end. */
  readonly token: string | (() => string | Promise<string>);
  /**
   * Which incarnation of the room the document is of: `incarnation` as the client that synced the document before had it. Keep
   * it beside a document that you persist, and what was deleted stays deleted, whoever was offline meanwhile.
   */
  readonly incarnation?: string | null;
  /** Instead of the global one. */
  readonly fetch?: Fetch;
  /** For `start()`; from 1 s after a change to 30 s in a quiet room unless told. */
  readonly polling?: PollLimits;
  /** Told of each call that `start()` makes. */
  readonly onOutcome?: (outcome: SyncOutcome) => void;
}

/**
 * Keeps a document and a room the same over plain HTTP. What comes from the room is applied in transactions whose
 * `origin` is this object.
 */
export interface HttpSync {
  /**
   * One exchange: sends what the room lacks, applies what the document lacks. Never rejects. After `synced`, everything
   * that was in the document when `sync()` was called is stored. Calls made while one is under way share the one that
   * follows it.
   */
  sync(): Promise<SyncOutcome>;
  /**
   * Calls `sync()` now and again: soon after a change on either side, seldom when all is quiet, with growing pauses
   * where calls fail. Stops by itself after `signed-out`, `forbidden`, `deleted`, `replaced` and
   * `absent`.
   */
  start(): void;
  /** Ends that. A call under way still comes to its end. */
  stop(): void;
  /** Whether `start()` was called and nothing has ended it. */
  readonly isPolling: boolean;
  /** Whether the document may hold edits that are not stored. */
  readonly hasUnsent: boolean;
  /**
   * Which incarnation of the room the document is of; `null` before the room has answered. It is known by the time at which
   * anything of the room's is applied to the document.
   */
  readonly incarnation: string | null;
  /** Stops, and leaves the document alone. Destroying the document does the same. */
  destroy(): void;
}

const DEFAULT_POLLING: PollLimits = { minMs: 1_000, maxMs: 30_000 };
/** The longest timer that hosts keep (a signed 32-bit number of milliseconds), jitter left out. */
const MAX_INTERVAL_MS = 24 * 60 * 60_000;
/** A first upload of more bytes than this is preceded by the question what the room has already. */
const ASK_FIRST_FROM_BYTES = 16 * 1024;
const NOTHING = new Uint8Array();
/** An update (v1) that says nothing: no clients, no deletions. */
const EMPTY_UPDATE_BYTES = 2;

/** @throws a `TypeError` or `RangeError` where the options make no sense */
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
  /** Why this client must not speak to the room any more. */
  #over: SyncFailure | null = null;

  /** Names the content of which the document has everything, deletions included. */
  #etag: string | null = null;
  /** What the room had after the last call; `null` where it did not say. */
  #roomVector: Uint8Array | null = null;
  #hasSpoken = false;
  #incarnation: string | null;
  /** Counts changes that did not come from the room. A deletion moves it, though it moves no state vector. */
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
    if (this.#over !== null) return this.#over;
    let token: string;
    try {
      token = await this.#token();
    } catch (error) {
      return failure('unreachable', `No token could be had: ${String(error)}`);
    }
    // From here to the request nothing waits, so vector, update and count speak of the same content.
    const { doc } = this.#options;
    const edits = this.#edits;
    const whole = this.hasUnsent ? Y.encodeStateAsUpdate(doc, this.#roomVector ?? undefined) : NOTHING;
    const asksFirst = !this.#hasSpoken && whole.byteLength > ASK_FIRST_FROM_BYTES;
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
      if (answer.kind === 'deleted') this.#over = answer;
      return answer;
    }
    this.#hasSpoken = true;
    this.#incarnation = answer.incarnation;
    this.#roomVector = answer.vector;
    if (!asksFirst) this.#storedEdits = edits;
    const received = this.#apply(answer.diff);
    if (typeof received !== 'boolean') {
      // What it holds must be sent again.
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
    // An app in JavaScript may pass on what it read from a refusal.
    const renewed: unknown = await token();
    if (typeof renewed !== 'string' || renewed === '') throw new Error('the function gave none');
    return renewed;
  }

  /** @returns whether the document changed, or why the answer could not be applied */
  #apply(diff: Uint8Array | null): boolean | SyncFailure {
    if (diff === null) return false;
    const { doc } = this.#options;
    const wasWaiting = doc.store.pendingStructs !== null || doc.store.pendingDs !== null;
    this.#received = false;
    try {
      Y.applyUpdate(doc, diff, this);
    } catch (error) {
      return failure('unexpected', `The answer could not be applied: ${String(error)}`, 200);
    }
    // What came from elsewhere and waited for what the room had became content in this very transaction, unsent.
    if (wasWaiting && this.#received) this.#edits += 1;
    return this.#received;
  }
}
