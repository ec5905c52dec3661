import type { Caller } from '../../domain/env.ts';
import type { SocketSelector } from '../contract/contract.ts';
import type { OwnedAwareness } from './awareness/present-clients.ts';

/** What a socket was opened with. */
export interface Credential {
  /** Unix milliseconds when the credential expires; `null` if it does not. */
  readonly expiresAt: number | null;
  /** The session of the credential. The socket is closed when it ends. `null` without a session. */
  readonly sessionId: string | null;
  /** Whether it is an observer's socket, which may not edit and has its own limit. Stored; absent means false. */
  readonly watches?: boolean;
  /** Absent if the Worker does not know the client, or if the previous release accepted the socket. */
  readonly caller?: Caller;
  /** The number of the newest departure when the socket opened. */
  readonly openedAfter: number;
}

/** A socket's state during hibernation. At most 16,384 bytes. */
export interface Attachment extends Credential {
  readonly awareness: OwnedAwareness;
  /** Unix milliseconds of the last message; absent in attachments of earlier releases. */
  readonly heardAt?: number;
  /** The number of the log after which edits are held back; absent if none are. */
  readonly heldBackAfter?: number;
}

/** The attachment of a socket; `null` if the room has closed the socket. Only `Sockets` writes it. */
export function readAttachment(socket: WebSocket): Attachment | null {
  return socket.deserializeAttachment();
}

/** The credentials of a room's open sockets. A copy of what the attachments contain, because those are slow to read. */
export class SocketCredentials {
  readonly #credentials = new Map<WebSocket, Credential>();

  get size(): number {
    return this.#credentials.size;
  }

  sockets(): Iterable<WebSocket> {
    return this.#credentials.keys();
  }

  get(socket: WebSocket): Credential | undefined {
    return this.#credentials.get(socket);
  }

  has(socket: WebSocket): boolean {
    return this.#credentials.has(socket);
  }

  add(socket: WebSocket, credential: Credential): void {
    this.#credentials.set(socket, credential);
  }

  /** @returns whether the socket was open */
  delete(socket: WebSocket): boolean {
    return this.#credentials.delete(socket);
  }

  clear(): void {
    this.#credentials.clear();
  }

  isObserver(socket: WebSocket): boolean {
    return this.#credentials.get(socket)?.watches === true;
  }

  /** The client that opened a socket; `null` if unknown. */
  getCaller(socket: WebSocket): Caller | null {
    return (this.#credentials.get(socket) ?? readAttachment(socket))?.caller ?? null;
  }

  /** Unix milliseconds of the next expiry; `null` if none expires. */
  getNextExpiry(): number | null {
    let next: number | null = null;
    for (const { expiresAt } of this.#credentials.values()) {
      if (expiresAt !== null && (next === null || expiresAt < next)) next = expiresAt;
    }
    return next;
  }

  /** @param now Unix milliseconds */
  isExpired(socket: WebSocket, now: number): boolean {
    const expiresAt = this.#credentials.get(socket)?.expiresAt ?? null;
    return expiresAt !== null && expiresAt <= now;
  }

  /** The sessions of all sockets, each once. */
  getSessionIds(): string[] {
    const ids = [...this.#credentials.values()].flatMap(({ sessionId }) => sessionId ?? []);
    return [...new Set(ids)];
  }

  /** The sockets of these sessions. */
  select(selector: SocketSelector): WebSocket[] {
    if (selector === 'everyone') return [...this.#credentials.keys()];
    return [...this.#credentials]
      .filter(([, { sessionId }]) => sessionId !== null && selector.includes(sessionId))
      .map(([socket]) => socket);
  }
}
