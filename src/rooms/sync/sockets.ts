import { CLOSE_CODES, type CloseCode } from '../../lib/refusals/refuse-upgrade.ts';
import { type AwarenessEntry, PresentClients, type ReceivedAwareness } from './awareness/present-clients.ts';
import { AwarenessRelay } from './awareness/awareness-relay.ts';
import type { SocketSelector } from '../contract/contract.ts';
import type { Damage } from '../storage/damage.ts';
import { DepartedClients } from './awareness/departed-clients.ts';
import { LastHeard } from './last-heard.ts';
import { SILENT_SOCKET_TIMEOUT_MS, SILENT_SOCKETS_FACTOR } from '../limits/socket-limits.ts';
import { Outbox, type OutboxPorts } from './sending/outbox.ts';
import { writeAwareness } from './protocol.ts';
import { SilentSockets } from './silent-sockets.ts';
import { type Attachment, type Credential, readAttachment, SocketCredentials } from './socket-credentials.ts';

export const CREDENTIAL_EXPIRED = 'The credential has expired. Connect with a new one.';

export const SIGNED_OUT = 'Signed out: the session or the account has ended. Sign in again.';

const SILENT = `No answer within ${SILENT_SOCKET_TIMEOUT_MS / 1_000} s. Connect again.`;

const STUCK = 'The client does not read what it is sent. Connect again.';

interface SocketsPorts extends Pick<
  OutboxPorts,
  'createReply' | 'createReplyAfter' | 'writeStep1' | 'onFailure'
> {
  /** Called after the sockets of vanished clients were closed. */
  readonly onVanished: () => void;
}

/** A room's sockets and their awareness. The attachments contain all state that must survive hibernation. */
export class Sockets {
  readonly #ctx: DurableObjectState;
  readonly credentials = new SocketCredentials();
  readonly #clients = new PresentClients<WebSocket>();
  readonly #relay: AwarenessRelay<WebSocket>;
  readonly #outbox: Outbox;
  readonly #lastHeard: LastHeard;
  readonly #silent: SilentSockets;
  readonly #departed: DepartedClients;

  constructor(ctx: DurableObjectState, damage: Damage, ports: SocketsPorts) {
    this.#ctx = ctx;
    this.#departed = new DepartedClients(ctx.storage.kv, damage);
    // Answered by the runtime, without waking the object.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    const pingedAt = (socket: WebSocket) => ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? null;
    this.#lastHeard = new LastHeard(pingedAt);
    this.#outbox = new Outbox({
      ...ports,
      mayEdit: (socket) => !this.credentials.isObserver(socket),
      getContentBytes: () => ctx.storage.sql.databaseSize,
      onStuck: (socket) => this.close(socket, CLOSE_CODES.tryAgainLater, STUCK),
      onHeldBack: (socket) => this.#store(socket),
    });
    this.#relay = new AwarenessRelay({
      sockets: () => this.credentials.sockets(),
      count: () => this.credentials.size,
      send: (socket, frame) => this.#outbox.sendAwareness(socket, frame),
      runLater,
    });
    this.#silent = new SilentSockets(this.#lastHeard, {
      sockets: () => this.credentials.sockets(),
      has: (socket) => this.has(socket),
      probe: (socket) => this.#outbox.sendStep1(socket),
      close: (socket) => this.close(socket, CLOSE_CODES.tryAgainLater, SILENT),
      onClosed: ports.onVanished,
      runLater,
    });
    const now = Date.now();
    for (const socket of ctx.getWebSockets()) {
      const attachment = readAttachment(socket);
      if (attachment === null) continue;
      const { awareness, heardAt = now, heldBackAfter, ...credential } = attachment;
      this.credentials.add(socket, credential);
      this.#lastHeard.record(socket, heardAt);
      if (heldBackAfter !== undefined) this.#outbox.holdBackAfter(socket, heldBackAfter);
      this.#clients.restore(socket, awareness);
    }
  }

  get size(): number {
    return this.credentials.size;
  }

  /** Whether the room has not closed the socket. */
  has(socket: WebSocket): boolean {
    return this.credentials.has(socket);
  }

  /**
   * Counts the sockets that are not silent.
   * @param now Unix milliseconds
   */
  countPresent(now: number): {
    readonly editing: number;
    readonly observing: number;
    readonly awareness: AwarenessEntry[];
  } {
    const heard = this.#listHeard(now);
    const observing = heard.filter((socket) => this.credentials.isObserver(socket)).length;
    const awareness = heard.flatMap((socket) => this.#clients.getOwned(socket));
    return { editing: heard.length - observing, observing, awareness };
  }

  /**
   * Whether one more editing socket, or one more observer, may be opened. Silent sockets do not count, but have a higher limit.
   * @param max the limit of editing sockets and of observers, each
   */
  hasSpaceFor(isObserver: boolean, max: number, now: number): boolean {
    const isSameKind = (socket: WebSocket) => this.credentials.isObserver(socket) === isObserver;
    const all = [...this.credentials.sockets()].filter(isSameKind).length;
    return this.#listHeard(now).filter(isSameKind).length < max && all < SILENT_SOCKETS_FACTOR * max;
  }

  /** The awareness of all connected clients. */
  awareness(): Iterable<AwarenessEntry> {
    return this.#clients.all();
  }

  accept(socket: WebSocket, credential: Omit<Credential, 'openedAfter'>): void {
    this.#ctx.acceptWebSocket(socket);
    this.credentials.add(socket, { ...credential, openedAfter: this.#departed.newest });
    this.#lastHeard.record(socket, Date.now());
    this.#store(socket);
    this.sendAwareness(socket);
    this.#relay.recordOpened(socket);
  }

  closeExpired(now: number): void {
    for (const socket of this.credentials.sockets()) {
      if (this.credentials.isExpired(socket, now))
        this.close(socket, CLOSE_CODES.expired, CREDENTIAL_EXPIRED);
    }
  }

  /**
   * Records that a client sent something.
   * @param now Unix milliseconds
   */
  recordHeard(socket: WebSocket, now: number): void {
    if (this.#lastHeard.record(socket, now)) this.#store(socket);
  }

  /**
   * Sends silent clients a step 1 and closes the sockets of those that do not reply.
   * @returns how many are silent
   */
  probeSilent(now: number): number {
    return this.#silent.probe(now);
  }

  /**
   * Closes the sockets of ended sessions.
   * @returns how many
   */
  closeSignedOut(selector: SocketSelector): number {
    const ended = this.credentials.select(selector);
    for (const socket of ended) this.close(socket, CLOSE_CODES.unauthenticated, SIGNED_OUT);
    return ended.length;
  }

  closeAll(code: CloseCode, reason: string): void {
    const sockets = [...this.credentials.sockets()];
    // Removes all sockets first, so that none is sent the departure of another.
    this.credentials.clear();
    for (const socket of sockets) this.#outbox.forget(socket);
    this.#clients.clear();
    this.#relay.clear();
    this.#departed.clear();
    for (const socket of sockets) this.#end(socket, code, reason);
  }

  /** Closes one socket and sends the others the departure of its clients. Has no effect on a closed socket. */
  close(socket: WebSocket, code: CloseCode, reason: string): void {
    this.forget(socket);
    this.#end(socket, code, reason);
  }

  /** Removes a closed socket and sends the others the departure of its clients. */
  forget(socket: WebSocket): void {
    if (!this.credentials.delete(socket)) {
      // If its close woke the room, the constructor may not have found it.
      this.#clients.restore(socket, readAttachment(socket)?.awareness ?? []);
    }
    socket.serializeAttachment(null);
    this.#outbox.forget(socket);
    const changed = this.#clients.release(socket);
    this.#departed.record(changed);
    this.#relay.recordClosed(socket);
    this.#relay.relay({ changed, renewed: [] }, null, Date.now());
  }

  send(socket: WebSocket, message: Uint8Array): void {
    this.#outbox.send(socket, message);
  }

  /**
   * Sends an edit to every socket except some, or holds it back from clients that must read first.
   * @param after the newest number of the log before the batch of this edit
   */
  broadcastEdit(message: Uint8Array, except: ReadonlySet<WebSocket>, after: number): void {
    for (const socket of this.credentials.sockets()) {
      if (!except.has(socket)) this.#outbox.sendEdit(socket, message, after);
    }
  }

  get outbox(): Outbox {
    return this.#outbox;
  }

  /**
   * Applies an awareness message and relays what it changed.
   * @param now Unix milliseconds
   */
  receiveAwareness(sender: WebSocket, received: ReceivedAwareness, now: number): void {
    const openedAfter = this.credentials.get(sender)?.openedAfter ?? 0;
    const change = this.#clients.receive(sender, openedAfter, received, this.#departed.all);
    for (const socket of change.touched) this.#store(socket);
    this.#departed.record(change.changed.filter(({ state }) => state === null));
    this.#relay.relay(change, sender, now);
    if (change.reminders.length > 0) this.send(sender, writeAwareness(change.reminders));
  }

  /** Sends a socket the awareness of all connected clients. */
  sendAwareness(socket: WebSocket): void {
    const all = [...this.awareness()];
    if (all.length > 0) this.#outbox.sendAwareness(socket, writeAwareness(all));
  }

  /** After a message of the client: sends what was held back from it. */
  sendHeldBack(socket: WebSocket, now: number): void {
    this.#outbox.afterMessage(socket, now);
    if (this.has(socket) && this.#outbox.takeMissedAwareness(socket)) this.#sendAllAwareness(socket);
  }

  /** Sends the awareness of all connected clients and the recent departures. */
  #sendAllAwareness(socket: WebSocket): void {
    const all = [...this.awareness()];
    const present = new Set(all.map(({ clientId }) => clientId));
    for (const [clientId, { clock }] of this.#departed.all) {
      if (!present.has(clientId)) all.push({ clientId, clock, state: null });
    }
    this.send(socket, writeAwareness(all));
  }

  /** The sockets that are not silent. */
  #listHeard(now: number): WebSocket[] {
    return [...this.credentials.sockets()].filter((socket) => !this.#lastHeard.isSilent(socket, now));
  }

  #end(socket: WebSocket, code: CloseCode, reason: string): void {
    // Without a closing handshake the socket stays open and may outlive this instance. The next instance must ignore it.
    socket.serializeAttachment(null);
    socket.close(code, reason);
  }

  #store(socket: WebSocket): void {
    const credential = this.credentials.get(socket);
    if (credential === undefined) return;
    const heldBackAfter = this.#outbox.heldBackAfter(socket);
    const attachment: Attachment = {
      ...credential,
      awareness: this.#clients.getOwned(socket),
      heardAt: this.#lastHeard.getForStorage(socket),
      ...(heldBackAfter !== null && { heldBackAfter }),
    };
    socket.serializeAttachment(attachment);
  }
}

/** @returns a function that cancels the timer */
function runLater(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
