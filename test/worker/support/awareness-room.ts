import { type AwarenessEntry, PresentClients } from '../../../src/rooms/sync/awareness/present-clients.ts';
import { AwarenessRelay } from '../../../src/rooms/sync/awareness/awareness-relay.ts';
import { type Frame, readFrame, writeAwareness } from '../../../src/rooms/sync/protocol.ts';

/** `outdatedTimeout` of y-protocols and the interval of its check, in milliseconds. */
const OUTDATED_MS = 30_000;
const CHECK_INTERVAL_MS = 3_000;

/** Simulated time: runs scheduled functions in order. */
export class Timeline {
  #now = 1_000_000;
  #order = 0;
  #events: { at: number; order: number; run: () => void }[] = [];

  get now(): number {
    return this.#now;
  }

  /** @returns a function that cancels the call */
  readonly later = (run: () => void, delayMs: number): (() => void) => {
    const event = { at: this.#now + delayMs, order: (this.#order += 1), run };
    this.#events.push(event);
    return () => {
      this.#events = this.#events.filter((other) => other !== event);
    };
  };

  runFor(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#events.toSorted((one, other) => one.at - other.at || one.order - other.order);
      if (next === undefined || next.at > end) break;
      this.#events = this.#events.filter((other) => other !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}

/** A client as of y-protocols 1.0.7 (`awareness.js`) and y-websocket 3.1, which echoes all that it applies. */
export class ModelClient {
  readonly id: number;
  readonly #send: (frame: Uint8Array) => void;
  readonly #time: Timeline;
  #clock = 0;
  #setAt = 0;
  #isGone = false;
  state: string;
  readonly peers = new Map<number, { clock: number; state: string | null; at: number }>();
  /** Peers that were dropped because no renewal arrived in time. */
  readonly outdated: number[] = [];
  framesReceived = 0;

  constructor(id: number, state: string, time: Timeline, send: (frame: Uint8Array) => void) {
    this.id = id;
    this.state = state;
    this.#time = time;
    this.#send = send;
  }

  /** Sends its state as on connect. */
  start(): void {
    this.set(this.state);
    this.#time.later(() => this.#checkOutdated(), (this.id * 37) % CHECK_INTERVAL_MS);
  }

  set(state: string): void {
    this.#clock += 1;
    this.#setAt = this.#time.now;
    this.state = state;
    this.#send(writeAwareness([createEntry(this.id, this.#clock, state)]));
  }

  leave(): void {
    this.#isGone = true;
  }

  receive(frame: Uint8Array): void {
    if (this.#isGone) return;
    this.framesReceived += 1;
    const applied: AwarenessEntry[] = [];
    for (const { clientId, clock, state } of readEntries(frame)) {
      const known = this.peers.get(clientId);
      const isNewer = clock > (known?.clock ?? 0);
      const isRemoval = state === null && clock === known?.clock && known.state !== null;
      if (clientId === this.id || (!isNewer && !isRemoval)) continue;
      this.peers.set(clientId, { clock, state, at: this.#time.now });
      if (state !== null || known !== undefined) applied.push(createEntry(clientId, clock, state));
    }
    if (applied.length > 0) this.#send(writeAwareness(applied));
  }

  #checkOutdated(): void {
    if (this.#isGone) return;
    if (this.#time.now - this.#setAt >= OUTDATED_MS / 2) this.set(this.state);
    for (const [clientId, peer] of this.peers) {
      if (peer.state === null || this.#time.now - peer.at < OUTDATED_MS) continue;
      this.outdated.push(clientId);
      this.peers.set(clientId, { ...peer, state: null });
      this.#send(writeAwareness([createEntry(clientId, peer.clock, null)]));
    }
    this.#time.later(() => this.#checkOutdated(), CHECK_INTERVAL_MS);
  }
}

/** The awareness of a room with clients behind a network with a variable delay per frame. */
export class ModelRoom {
  readonly time = new Timeline();
  readonly #delayMs: () => number;
  readonly #present = new PresentClients<ModelClient>();
  readonly #sockets = new Set<ModelClient>();
  readonly #arrivals = new Map<ModelClient, number>();
  readonly #departed = new Map<number, { clock: number; departure: number }>();
  readonly #openedAfter = new Map<ModelClient, number>();
  readonly #relay = new AwarenessRelay<ModelClient>({
    sockets: () => this.#sockets,
    count: () => this.#sockets.size,
    send: (client, frame) => this.#toClient(client, frame),
    runLater: this.time.later,
  });
  framesReceived = 0;

  constructor(delayMs: () => number) {
    this.#delayMs = delayMs;
  }

  get clients(): ModelClient[] {
    return [...this.#sockets];
  }

  /** The states that a new client is sent. */
  get present(): Record<number, string> {
    return decodeStates(this.#present.all());
  }

  open(id: number, state: string): ModelClient {
    const client: ModelClient = new ModelClient(id, state, this.time, (frame) => this.#toRoom(client, frame));
    this.#sockets.add(client);
    this.#openedAfter.set(client, this.#departed.size);
    this.#toClient(client, writeAwareness([...this.#present.all()]));
    this.#relay.recordOpened(client);
    client.start();
    return client;
  }

  close(client: ModelClient): void {
    client.leave();
    if (!this.#sockets.delete(client)) return;
    const changed = this.#present.release(client);
    this.#depart(changed);
    this.#relay.recordClosed(client);
    this.#relay.relay({ changed, renewed: [] }, null, this.time.now);
  }

  #toClient(client: ModelClient, frame: Uint8Array): void {
    this.#inOrder(client, () => client.receive(frame));
  }

  #toRoom(client: ModelClient, frame: Uint8Array): void {
    this.time.later(() => {
      if (!this.#sockets.has(client)) return;
      this.framesReceived += 1;
      const read = readFrame(frame);
      if (read.kind !== 'awareness') throw new Error(read.kind);
      const after = this.#openedAfter.get(client) ?? 0;
      const change = this.#present.receive(client, after, read.awareness, this.#departed);
      this.#depart(change.changed.filter(({ state }) => state === null));
      this.#relay.relay(change, client, this.time.now);
    }, this.#delayMs());
  }

  /** Frames of one socket arrive in the order in which they were sent. */
  #inOrder(client: ModelClient, run: () => void): void {
    const at = Math.max(this.time.now + this.#delayMs(), this.#arrivals.get(client) ?? 0);
    this.#arrivals.set(client, at);
    this.time.later(run, at - this.time.now);
  }

  #depart(gone: readonly AwarenessEntry[]): void {
    for (const { clientId, clock } of gone) {
      this.#departed.set(clientId, { clock, departure: this.#departed.size + 1 });
    }
  }
}

/** The states that a client shows, with its own. */
export function readVisibleStates(client: ModelClient): Record<number, string> {
  const states = [...client.peers].flatMap(([id, { state }]) => (state === null ? [] : [[id, state]]));
  return Object.fromEntries([...states, [client.id, client.state]]);
}

function decodeStates(entries: Iterable<AwarenessEntry>): Record<number, string> {
  return Object.fromEntries([...entries].map(({ clientId, state }) => [clientId, decodeState(state) ?? '']));
}

function readEntries(frame: Uint8Array): { clientId: number; clock: number; state: string | null }[] {
  const read: Frame = readFrame(frame);
  if (read.kind !== 'awareness') throw new Error(read.kind);
  const { payload, entries } = read.awareness;
  return entries.map(({ clientId, clock, start, end }) => ({
    clientId,
    clock,
    state: decodeState(payload.subarray(start, end)),
  }));
}

/** States here are strings. */
function decodeState(state: Uint8Array | null): string | null {
  const value: unknown = state === null ? null : JSON.parse(new TextDecoder().decode(state));
  return typeof value === 'string' ? value : null;
}

const createEntry = (clientId: number, clock: number, state: string | null): AwarenessEntry => ({
  clientId,
  clock,
  state: state === null ? null : new TextEncoder().encode(JSON.stringify(state)),
});
