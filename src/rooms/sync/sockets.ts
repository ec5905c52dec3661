import type { Caller } from '../../domain/env.ts';
import { CLOSE_CODES, type CloseCode } from '../../lib/refuse-upgrade.ts';
import {
  type AwarenessEntry,
  type OwnedAwareness,
  PresentClients,
  type ReceivedAwareness,
} from './awareness.ts';
import { AwarenessRelay } from './awareness-relay.ts';
import type { SocketSelector } from '../contract/contract.ts';
import type { Damage } from '../storage/damage.ts';
import { DepartedClients } from './departed-clients.ts';
import { LastHeard } from './last-heard.ts';
import { SILENT_SOCKET_TIMEOUT_MS, SILENT_SOCKETS_FACTOR } from '../limits/socket-limits.ts';
import { Outbox, type OutboxPorts } from './outbox.ts';
import { writeAwareness } from './protocol.ts';
import { SilentSockets } from './silent-sockets.ts';

/** What a socket was opened with. */
interface Credential {
  /** Unix milliseconds after which the credential is void; `null`: never by itself. */
  readonly expiresAt: number | null;
  /** The session that vouches for the credential, and ends the socket when it ends; `null`: none. */
  readonly sessionId: string | null;
  /** Whether it may not edit, and is not counted among those who do. Absent: it may. */
  readonly watches?: boolean;
  /** Absent: the Worker does not know, or the socket is of the previous release. */
  readonly caller?: Caller;
  /** The number of the newest departure when the socket was opened. */
  readonly openedAfter: number;
}

/** What a socket must not forget while the room hibernates. At most 16,384 bytes. */
interface Attachment extends Credential {
  readonly awareness: OwnedAwareness;
  /** When it sent something last, Unix milliseconds; absent in attachments of earlier releases. */
  readonly heardAt?: number;
  /** The number of the log after which edits are held back from it; absent: none is. */
  readonly heldBackAfter?: number;
}

/** What a client is told whose credential has reached its end. */
export const CREDENTIAL_EXPIRED = 'the credential has expired; connect with a fresh one';

export const SIGNED_OUT = 'signed out: the session or the account has ended';

const SILENT = `no answer within ${SILENT_SOCKET_TIMEOUT_MS / 1_000} s; connect again`;

const STUCK = 'too much of what was sent is not read; connect again';

/** What sockets need of the room. */
interface SocketsPorts extends Pick<OutboxPorts, 'answer' | 'answerAfter' | 'step1' | 'onFailure'> {
  /** The sockets of clients that have vanished were closed. */
  readonly onVanished: () => void;
}

/** A room's sockets and whose awareness each speaks for. All that counts is in the attachments. */
export class Sockets {
  readonly #ctx: DurableObjectState;
  /** From the attachments, so that they are not read again for each message. */
  readonly #credentials = new Map<WebSocket, Credential>();
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
      mayEdit: (socket) => !this.watches(socket),
      contentBytes: () => ctx.storage.sql.databaseSize,
      onStuck: (socket) => this.close(socket, CLOSE_CODES.tryAgainLater, STUCK),
      onHeldBack: (socket) => this.#store(socket),
    });
    this.#relay = new AwarenessRelay({
      sockets: () => this.#credentials.keys(),
      count: () => this.#credentials.size,
      send: (socket, frame) => this.#outbox.sendAwareness(socket, frame),
      later,
    });
    this.#silent = new SilentSockets(this.#lastHeard, {
      sockets: () => this.#credentials.keys(),
      has: (socket) => this.has(socket),
      ask: (socket) => this.#outbox.ask(socket),
      close: (socket) => this.close(socket, CLOSE_CODES.tryAgainLater, SILENT),
      onClosed: ports.onVanished,
      later,
    });
    const now = Date.now();
    for (const socket of ctx.getWebSockets()) {
      const attachment = attachmentOf(socket);
      if (attachment === null) continue;
      const { awareness, heardAt = now, heldBackAfter, ...credential } = attachment;
      this.#credentials.set(socket, credential);
      this.#lastHeard.note(socket, heardAt);
      if (heldBackAfter !== undefined) this.#outbox.holdBackAfter(socket, heldBackAfter);
      this.#clients.restore(socket, awareness);
    }
  }

  get size(): number {
    return this.#credentials.size;
  }

  /** Whether a socket is open as far as this side is concerned. */
  has(socket: WebSocket): boolean {
    return this.#credentials.has(socket);
  }

  /**
   * The sockets that are not silent.
   * @param now Unix milliseconds
   */
  present(now: number): {
    readonly editing: number;
    readonly watching: number;
    readonly awareness: AwarenessEntry[];
  } {
    const heard = [...this.#credentials].filter(([socket]) => !this.#lastHeard.isSilent(socket, now));
    const watching = heard.filter(([, { watches }]) => watches === true).length;
    const awareness = heard.flatMap(([socket]) => this.#clients.ownedBy(socket));
    return { editing: heard.length - watching, watching, awareness };
  }

  /**
   * Whether one more may be opened that edits, or that watches. Silent ones do not count, but they are bounded too.
   * @param max how many there may be of those that edit, and as many of those that watch
   */
  hasSpaceFor(watching: boolean, max: number, now: number): boolean {
    const alike = [...this.#credentials.keys()].filter((socket) => this.watches(socket) === watching);
    const heard = alike.filter((socket) => !this.#lastHeard.isSilent(socket, now));
    return heard.length < max && alike.length < SILENT_SOCKETS_FACTOR * max;
  }

  watches(socket: WebSocket): boolean {
    return this.#credentials.get(socket)?.watches === true;
  }

  /** The client that opened a socket; `null`: not known. */
  callerOf(socket: WebSocket): Caller | null {
    return (this.#credentials.get(socket) ?? attachmentOf(socket))?.caller ?? null;
  }

  /** Of everyone who is there. */
  awareness(): Iterable<AwarenessEntry> {
    return this.#clients.all();
  }

  accept(socket: WebSocket, credential: Omit<Credential, 'openedAfter'>): void {
    this.#ctx.acceptWebSocket(socket);
    this.#credentials.set(socket, { ...credential, openedAfter: this.#departed.newest });
    this.#lastHeard.note(socket, Date.now());
    this.#store(socket);
    this.sendAwareness(socket);
    this.#relay.opened(socket);
  }

  /** The earliest time at which a credential becomes void; `null` where none does. */
  nextExpiry(): number | null {
    let next: number | null = null;
    for (const { expiresAt } of this.#credentials.values()) {
      if (expiresAt !== null && (next === null || expiresAt < next)) next = expiresAt;
    }
    return next;
  }

  isExpired(socket: WebSocket, now: number): boolean {
    const expiresAt = this.#credentials.get(socket)?.expiresAt ?? null;
    return expiresAt !== null && expiresAt <= now;
  }

  closeExpired(now: number): void {
    for (const socket of this.#credentials.keys()) {
      if (this.isExpired(socket, now)) this.close(socket, CLOSE_CODES.expired, CREDENTIAL_EXPIRED);
    }
  }

  /**
   * Notes that a client has sent something.
   * @param now Unix milliseconds
   */
  heard(socket: WebSocket, now: number): void {
    if (this.#lastHeard.note(socket, now)) this.#store(socket);
  }

  /**
   * Asks the clients that are silent whether they are there, and closes the sockets of those that do not answer.
   * @returns how many are silent
   */
  askSilent(now: number): number {
    return this.#silent.ask(now);
  }

  /** The sessions that sockets here were opened for. */
  sessionIds(): string[] {
    const ids = [...this.#credentials.values()].flatMap(({ sessionId }) => sessionId ?? []);
    return [...new Set(ids)];
  }

  /**
   * Ends the sockets whose session has ended before its time.
   * @returns how many
   */
  closeSignedOut(of: SocketSelector): number {
    const ended = [...this.#credentials].filter(
      ([, { sessionId }]) => of === 'everyone' || (sessionId !== null && of.includes(sessionId)),
    );
    for (const [socket] of ended) this.close(socket, CLOSE_CODES.unauthenticated, SIGNED_OUT);
    return ended.length;
  }

  closeAll(code: CloseCode, reason: string): void {
    const sockets = [...this.#credentials.keys()];
    // All at once, so that nobody is told of each other's leaving on the way out.
    this.#credentials.clear();
    for (const socket of sockets) this.#outbox.forget(socket);
    this.#clients.clear();
    this.#relay.clear();
    this.#departed.forget();
    for (const socket of sockets) this.#end(socket, code, reason);
  }

  /** Closes one socket and tells the others that its clients are gone. Nothing happens where it is closed already. */
  close(socket: WebSocket, code: CloseCode, reason: string): void {
    this.forget(socket);
    this.#end(socket, code, reason);
  }

  /** Takes a socket out, whoever closed it, and tells the others that its clients are gone. */
  forget(socket: WebSocket): void {
    if (!this.#credentials.delete(socket)) {
      // One whose closing woke the room may not be among those that the room found.
      this.#clients.restore(socket, attachmentOf(socket)?.awareness ?? []);
    }
    socket.serializeAttachment(null);
    this.#outbox.forget(socket);
    const changed = this.#clients.release(socket);
    this.#departed.note(changed);
    this.#relay.closed(socket);
    this.#relay.relay({ changed, renewed: [] }, null, Date.now());
  }

  send(socket: WebSocket, message: Uint8Array): void {
    this.#outbox.send(socket, message);
  }

  /**
   * Sends an edit to every socket but some, or holds it back from those whose clients must read first.
   * @param after the newest number of the log before this edit and those that were stored with it
   */
  broadcastEdit(message: Uint8Array, except: ReadonlySet<WebSocket>, after: number): void {
    for (const socket of this.#credentials.keys()) {
      if (!except.has(socket)) this.#outbox.sendEdit(socket, message, after);
    }
  }

  /** What each client was sent, and may not have read. */
  get outbox(): Outbox {
    return this.#outbox;
  }

  /**
   * Applies an awareness message and relays what it changed.
   * @param now Unix milliseconds
   */
  receiveAwareness(sender: WebSocket, received: ReceivedAwareness, now: number): void {
    const openedAfter = this.#credentials.get(sender)?.openedAfter ?? 0;
    const change = this.#clients.receive(sender, openedAfter, received, this.#departed.all);
    for (const socket of change.touched) this.#store(socket);
    this.#departed.note(change.changed.filter(({ state }) => state === null));
    this.#relay.relay(change, sender, now);
    if (change.remind.length > 0) this.send(sender, writeAwareness(change.remind));
  }

  /** Sends a socket everyone who is present. */
  sendAwareness(socket: WebSocket): void {
    const all = [...this.awareness()];
    if (all.length > 0) this.#outbox.sendAwareness(socket, writeAwareness(all));
  }

  /** Sends a socket whose client has sent something what was held back from it. */
  sendHeldBack(socket: WebSocket, now: number): void {
    this.#outbox.afterMessage(socket, now);
    if (this.has(socket) && this.#outbox.takeLackOfAwareness(socket)) this.#sendMissedAwareness(socket);
  }

  /** Sends a socket that was not sent some awareness everyone who is present, and who has left. */
  #sendMissedAwareness(socket: WebSocket): void {
    const all = [...this.awareness()];
    const present = new Set(all.map(({ clientId }) => clientId));
    for (const [clientId, { clock }] of this.#departed.all) {
      if (!present.has(clientId)) all.push({ clientId, clock, state: null });
    }
    this.send(socket, writeAwareness(all));
  }

  #end(socket: WebSocket, code: CloseCode, reason: string): void {
    // A client that does not answer the closing handshake keeps it open, and it may outlive this instance: a later one
    // must neither listen to it nor take its clients for present.
    socket.serializeAttachment(null);
    socket.close(code, reason);
  }

  #store(socket: WebSocket): void {
    const credential = this.#credentials.get(socket);
    if (credential === undefined) return;
    const heldBackAfter = this.#outbox.heldBackAfter(socket);
    const attachment: Attachment = {
      ...credential,
      awareness: this.#clients.ownedBy(socket),
      heardAt: this.#lastHeard.store(socket),
      ...(heldBackAfter !== null && { heldBackAfter }),
    };
    socket.serializeAttachment(attachment);
  }
}

/** @returns how to call it off */
function later(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

/** What `#store` wrote last; there is no other writer. `null`: this side has closed the socket. */
function attachmentOf(socket: WebSocket): Attachment | null {
  return socket.deserializeAttachment();
}
