import { CLOSE_CODES, type CloseCode } from '../refuse-upgrade.ts';
import { type AwarenessEntry, type OwnedAwareness, applyAwareness, departures } from './awareness.ts';
import type { SocketsOf } from './contract.ts';
import type { Damage } from './damage.ts';
import { DepartedClients } from './departed-clients.ts';
import { KEEP_ALIVE_AFTER_MS } from './limits.ts';
import { writeAwareness } from './protocol.ts';

/** What a socket must not forget while the room hibernates. At most 16,384 bytes. */
interface Attachment {
  /** Unix milliseconds after which the credential is void; `null`: never by itself. */
  readonly expiresAt: number | null;
  /** The session that vouches for the credential, and ends the socket when it ends; `null`: none. */
  readonly sessionId: string | null;
  readonly awareness: OwnedAwareness;
  /** Whether it may not edit, and is not counted among those who do. Absent: it may. */
  readonly watches?: boolean;
  /** The number of the newest departure when the socket was opened. */
  readonly openedAfter: number;
}

/** What a client is told whose credential has reached its end. */
export const CREDENTIAL_EXPIRED = 'the credential has expired; connect with a fresh one';

const SIGNED_OUT = 'signed out: the session or the account has ended';

const NOBODY: ReadonlySet<WebSocket> = new Set();

const KEEP_ALIVE = writeAwareness([]);

/** A room's sockets and whose awareness each speaks for. All that counts is in the attachments. */
export class Sockets {
  readonly #ctx: DurableObjectState;
  /** Attachments as they are, to spare reading them back for each message. */
  readonly #attachments = new Map<WebSocket, Attachment>();
  readonly #lastSentAt = new WeakMap<WebSocket, number>();
  readonly #departed: DepartedClients;

  constructor(ctx: DurableObjectState, damage: Damage) {
    this.#ctx = ctx;
    this.#departed = new DepartedClients(ctx.storage.kv, damage);
    // Answered by the runtime, without waking the object.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    for (const socket of ctx.getWebSockets()) {
      const attachment = attachmentOf(socket);
      if (attachment !== null) this.#attachments.set(socket, attachment);
    }
  }

  get size(): number {
    return this.#attachments.size;
  }

  /** Whether a socket is open as far as this side is concerned. */
  has(socket: WebSocket): boolean {
    return this.#attachments.has(socket);
  }

  /** How many of them only watch. */
  get watching(): number {
    return [...this.#attachments.values()].filter(({ watches }) => watches === true).length;
  }

  watches(socket: WebSocket): boolean {
    return this.#attachments.get(socket)?.watches === true;
  }

  /** Of everyone who is there. */
  *awareness(): Generator<AwarenessEntry> {
    for (const { awareness } of this.#attachments.values()) yield* awareness;
  }

  accept(socket: WebSocket, credential: Pick<Attachment, 'expiresAt' | 'sessionId' | 'watches'>): void {
    this.#ctx.acceptWebSocket(socket);
    this.#attach(socket, { ...credential, awareness: [], openedAfter: this.#departed.newest });
  }

  /** The earliest time at which a credential becomes void; `null` where none does. */
  nextExpiry(): number | null {
    let next: number | null = null;
    for (const { expiresAt } of this.#attachments.values()) {
      if (expiresAt !== null && (next === null || expiresAt < next)) next = expiresAt;
    }
    return next;
  }

  isExpired(socket: WebSocket, now: number): boolean {
    const expiresAt = this.#attachments.get(socket)?.expiresAt ?? null;
    return expiresAt !== null && expiresAt <= now;
  }

  closeExpired(now: number): void {
    for (const socket of this.#attachments.keys()) {
      if (this.isExpired(socket, now)) this.close(socket, CLOSE_CODES.expired, CREDENTIAL_EXPIRED);
    }
  }

  /** The sessions that sockets here were opened for. */
  sessionIds(): string[] {
    const ids = [...this.#attachments.values()].flatMap(({ sessionId }) => sessionId ?? []);
    return [...new Set(ids)];
  }

  /**
   * Ends the sockets whose session has ended before its time.
   * @returns how many
   */
  closeSignedOut(of: SocketsOf): number {
    const ended = [...this.#attachments].filter(
      ([, { sessionId }]) => of === 'everyone' || (sessionId !== null && of.includes(sessionId)),
    );
    for (const [socket] of ended) this.close(socket, CLOSE_CODES.unauthenticated, SIGNED_OUT);
    return ended.length;
  }

  closeAll(code: CloseCode, reason: string): void {
    const sockets = [...this.#attachments.keys()];
    // All at once, so that nobody is told of each other's leaving on the way out.
    this.#attachments.clear();
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
    // One whose closing woke the room may not be among those that the room found.
    const attachment = this.#attachments.get(socket) ?? attachmentOf(socket);
    if (attachment === null) return;
    this.#attachments.delete(socket);
    socket.serializeAttachment(null);
    const gone = departures(attachment.awareness);
    this.#departed.note(gone);
    if (gone.length > 0) this.broadcast(writeAwareness(gone));
  }

  send(socket: WebSocket, message: Uint8Array): void {
    this.#lastSentAt.set(socket, Date.now());
    try {
      socket.send(message);
    } catch (error) {
      // A socket that went away a moment ago; its close event follows and takes it out.
      console.debug({ event: 'send to a closing socket', error: String(error) });
    }
  }

  /** To every socket but some. */
  broadcast(message: Uint8Array, except: ReadonlySet<WebSocket> = NOBODY): void {
    for (const socket of this.#attachments.keys()) {
      if (!except.has(socket)) this.send(socket, message);
    }
  }

  /** Answers a client that spoke and was sent nothing for long, so that it does not take the room for dead. */
  keepAlive(socket: WebSocket, now: number): void {
    if (now - (this.#lastSentAt.get(socket) ?? 0) >= KEEP_ALIVE_AFTER_MS) this.send(socket, KEEP_ALIVE);
  }

  /** Takes an awareness message in and relays what it changed. Drops what is over the limits. */
  receiveAwareness(sender: WebSocket, entries: readonly AwarenessEntry[]): void {
    const current = new Map([...this.#attachments].map(([socket, { awareness }]) => [socket, awareness]));
    const openedAfter = this.#attachments.get(sender)?.openedAfter ?? 0;
    const { relay, remind, owned } = applyAwareness(
      sender,
      openedAfter,
      entries,
      current,
      this.#departed.all,
    );
    for (const [socket, awareness] of owned) {
      const attachment = this.#attachments.get(socket);
      if (attachment !== undefined) this.#attach(socket, { ...attachment, awareness });
    }
    this.#departed.note(relay.filter(({ state }) => state === null));
    if (relay.length > 0) this.broadcast(writeAwareness(relay), new Set([sender]));
    if (remind.length > 0) this.send(sender, writeAwareness(remind));
  }

  /** Tells a newcomer of everyone who is there. */
  sendAwareness(socket: WebSocket): void {
    const all = [...this.awareness()];
    if (all.length > 0) this.send(socket, writeAwareness(all));
  }

  #end(socket: WebSocket, code: CloseCode, reason: string): void {
    // A client that does not answer the closing handshake keeps it open, and it may outlive this instance: a later one
    // must neither listen to it nor take its clients for present.
    socket.serializeAttachment(null);
    socket.close(code, reason);
  }

  #attach(socket: WebSocket, attachment: Attachment): void {
    this.#attachments.set(socket, attachment);
    socket.serializeAttachment(attachment);
  }
}

/** What `#attach` wrote last; there is no other writer. `null`: this side has closed the socket. */
function attachmentOf(socket: WebSocket): Attachment | null {
  return socket.deserializeAttachment();
}
