import { MalformedInput, decodeText, parseJsonText } from '../../../yjs/decode.ts';
import { MAX_AWARENESS_BYTES, MAX_AWARENESS_CLIENTS } from '../../limits/socket-limits.ts';

/** The awareness of one client, as on the wire. */
export interface AwarenessEntry {
  readonly clientId: number;
  /** Increases with each state. The state with the higher clock is newer. */
  readonly clock: number;
  /** JSON in UTF-8; `null` for a client that has left. */
  readonly state: Uint8Array | null;
}

/** An entry whose state is not decoded: the bytes from `start` to `end` of the payload. */
export interface ReceivedEntry {
  readonly clientId: number;
  readonly clock: number;
  readonly start: number;
  readonly end: number;
}

/** An awareness message whose frame was checked, but not its states. */
export interface ReceivedAwareness {
  readonly payload: Uint8Array;
  readonly entries: readonly ReceivedEntry[];
}

/** The clients of one socket. Stored in its attachment, so that it survives hibernation. */
export type OwnedAwareness = readonly AwarenessEntry[];

/** Departed clients and the order of departures, which distinguishes a late echo from a return. */
export type Departed = ReadonlyMap<number, { readonly clock: number; readonly departure: number }>;

/** The effect of an awareness message. */
interface Change<Socket> {
  /** Clients with a new state, on a new socket, or gone. */
  readonly changed: AwarenessEntry[];
  /** Clients with the same state and a newer clock. */
  readonly renewed: AwarenessEntry[];
  /** Sent to the sender: peers count these clients as gone, so they must increase their clocks. */
  readonly reminders: AwarenessEntry[];
  /** Sockets whose clients changed. */
  readonly touched: Set<Socket>;
}

export type AwarenessChange<Socket> = Readonly<Change<Socket>>;

interface Present<Socket> {
  readonly socket: Socket;
  readonly entry: AwarenessEntry;
  /** Whether peers count it as gone until it increases its clock. */
  readonly isHidden: boolean;
}

/**
 * The connected clients of a room, by client id and by socket. y-websocket clients echo every change, so nearly every entry about
 * another client is an echo and is dropped by its clock. The rules are in docs/internals/rooms.md.
 */
export class PresentClients<Socket> {
  readonly #present = new Map<number, Present<Socket>>();
  readonly #owned = new Map<Socket, Map<number, AwarenessEntry>>();

  *all(): Generator<AwarenessEntry> {
    for (const { entry } of this.#present.values()) yield entry;
  }

  get(clientId: number): AwarenessEntry | undefined {
    return this.#present.get(clientId)?.entry;
  }

  getOwned(socket: Socket): OwnedAwareness {
    return [...(this.#owned.get(socket)?.values() ?? [])];
  }

  /** Restores the clients in a socket's attachment. */
  restore(socket: Socket, owned: OwnedAwareness): void {
    for (const entry of owned) this.#set(socket, entry, false);
  }

  /**
   * Removes a socket and its clients.
   * @returns the clients as departures with their last clock
   */
  release(socket: Socket): AwarenessEntry[] {
    const gone = this.getOwned(socket);
    for (const { clientId } of gone) this.#present.delete(clientId);
    this.#owned.delete(socket);
    return gone.map(({ clientId, clock }) => ({ clientId, clock, state: null }));
  }

  clear(): void {
    this.#present.clear();
    this.#owned.clear();
  }

  /**
   * Applies an awareness message. Drops a state that is not JSON. If a state is over the limits, only its clock counts and the client
   * keeps its previous state.
   * @param openedAfter the number of the newest departure when the sender's socket opened
   */
  receive(
    sender: Socket,
    openedAfter: number,
    { payload, entries }: ReceivedAwareness,
    departed: Departed,
  ): AwarenessChange<Socket> {
    const change: Change<Socket> = { changed: [], renewed: [], reminders: [], touched: new Set() };
    for (const entry of entries) {
      if (!this.#isNew(sender, openedAfter, entry, departed)) continue;
      const state = readState(payload, entry);
      if (state === null) this.#removeOwn(sender, entry, change);
      else if (state !== undefined) this.#apply(sender, entry, state, departed, change);
    }
    return change;
  }

  #removeOwn(sender: Socket, { clientId, clock }: ReceivedEntry, { changed, touched }: Change<Socket>): void {
    const known = this.#present.get(clientId);
    if (known?.socket !== sender) return;
    this.#remove(clientId, known);
    changed.push({ clientId, clock, state: null });
    touched.add(sender);
  }

  #apply(
    sender: Socket,
    { clientId, clock }: ReceivedEntry,
    state: Uint8Array,
    departed: Departed,
    { changed, renewed, reminders, touched }: Change<Socket>,
  ): void {
    const known = this.#present.get(clientId);
    if (known !== undefined && clock <= known.entry.clock) return;
    const isOwn = known?.socket === sender;
    const isSame = isOwn && areEqual(known.entry.state, state);
    const kept = isSame || this.#fits(sender, clientId, state) ? state : known?.entry.state;
    if (kept === undefined || kept === null) return;
    // A state from another socket counts towards the limits of the new socket.
    if (!isOwn && !this.#fits(sender, clientId, kept)) return;
    const left = known === undefined ? departed.get(clientId) : undefined;
    const isHidden = left !== undefined && clock <= left.clock;
    if (isHidden) reminders.push({ clientId, clock: left.clock, state: null });
    if (known !== undefined && !isOwn) {
      this.#remove(clientId, known);
      touched.add(known.socket);
    }
    // Copied, because the state is a view of the message.
    const present = { clientId, clock, state: isSame ? known.entry.state : kept.slice() };
    this.#set(sender, present, isHidden);
    touched.add(sender);
    (isSame && !known.isHidden ? renewed : changed).push(present);
  }

  /** Whether an entry is not an echo, as far as this is known without its state. */
  #isNew(
    sender: Socket,
    openedAfter: number,
    { clientId, clock }: ReceivedEntry,
    departed: Departed,
  ): boolean {
    const known = this.#present.get(clientId);
    if (known !== undefined) return known.socket === sender || clock > known.entry.clock;
    const left = departed.get(clientId);
    return left === undefined || clock > left.clock || left.departure <= openedAfter;
  }

  /** Whether the socket's states stay within the limits with this one. */
  #fits(socket: Socket, clientId: number, state: Uint8Array): boolean {
    const owned = this.#owned.get(socket);
    let bytes = state.byteLength;
    let clients = 1;
    for (const other of owned?.values() ?? []) {
      if (other.clientId === clientId) continue;
      bytes += other.state?.byteLength ?? 0;
      clients += 1;
    }
    return bytes <= MAX_AWARENESS_BYTES && clients <= MAX_AWARENESS_CLIENTS;
  }

  #set(socket: Socket, entry: AwarenessEntry, isHidden: boolean): void {
    this.#present.set(entry.clientId, { socket, entry, isHidden });
    const owned = this.#owned.get(socket) ?? new Map<number, AwarenessEntry>();
    owned.set(entry.clientId, entry);
    this.#owned.set(socket, owned);
  }

  #remove(clientId: number, { socket }: Present<Socket>): void {
    this.#present.delete(clientId);
    this.#owned.get(socket)?.delete(clientId);
  }
}

/** @returns `null` for a departed client, `undefined` if the state is not JSON in UTF-8 */
function readState(payload: Uint8Array, { start, end }: ReceivedEntry): Uint8Array | null | undefined {
  const bytes = payload.subarray(start, end);
  // It is over the limit, so it is not used.
  if (bytes.byteLength > MAX_AWARENESS_BYTES) return bytes;
  try {
    return parseJsonText(decodeText(bytes)) === null ? null : bytes;
  } catch (error) {
    if (error instanceof MalformedInput) return undefined;
    throw error;
  }
}

function areEqual(one: Uint8Array | null, other: Uint8Array): boolean {
  if (one?.byteLength !== other.byteLength) return false;
  for (let index = 0; index < other.byteLength; index++) if (one[index] !== other[index]) return false;
  return true;
}
