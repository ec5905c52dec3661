import { MalformedInput, decodeText, parseJsonText } from '../../yjs/decode.ts';
import { MAX_AWARENESS_BYTES, MAX_AWARENESS_CLIENTS } from '../limits/socket-limits.ts';

/** One client's awareness as it stands on the wire. */
export interface AwarenessEntry {
  readonly clientId: number;
  /** Grows with each state its client sets; decides which of two states is newer. */
  readonly clock: number;
  /** JSON in UTF-8; `null` for a client that has left. */
  readonly state: Uint8Array | null;
}

/** An entry of a message, whose state is not decoded: it is at `start` up to `end` in the payload. */
export interface ReceivedEntry {
  readonly clientId: number;
  readonly clock: number;
  readonly start: number;
  readonly end: number;
}

/** An awareness message whose frame was checked, and whose states were not. */
export interface ReceivedAwareness {
  readonly payload: Uint8Array;
  readonly entries: readonly ReceivedEntry[];
}

/** The clients of one socket. Stored in its attachment, so hibernation does not lose it. */
export type OwnedAwareness = readonly AwarenessEntry[];

/** Departed clients, and the order of departures, which distinguishes a late echo from a return. */
export type Departed = ReadonlyMap<number, { readonly clock: number; readonly departure: number }>;

/** What an awareness message changes. */
interface Change<Socket> {
  /** Clients with another state, on another socket, or gone. */
  readonly changed: AwarenessEntry[];
  /** Clients that said the same again with a newer clock. */
  readonly renewed: AwarenessEntry[];
  /** Sent back to the sender: its peers take these clients for gone, so they must raise their clocks. */
  readonly remind: AwarenessEntry[];
  /** Sockets whose clients are not the same as before. */
  readonly touched: Set<Socket>;
}

export type AwarenessChange<Socket> = Readonly<Change<Socket>>;

interface Present<Socket> {
  readonly socket: Socket;
  readonly entry: AwarenessEntry;
  /** Whether peers take it for gone until it raises its clock. */
  readonly isHidden: boolean;
}

/**
 * The clients that are present in a room, by client id and by socket.
 *
 * A y-websocket client sends back every change that it receives, so nearly every entry about another client is an echo.
 * It is dropped by its clock, before anything else is done with it. The rules:
 * - a socket removes its own clients only, so a leaving client clears only its own awareness;
 * - a client moves to another socket only with a newer clock (it has reconnected before its old socket closed);
 * - a departed client returns with the clock it left with only over a socket that was opened after it had left. Peers
 *   ignore that clock (y-protocols takes it for old), so the client is reminded to raise it.
 */
export class PresentClients<Socket> {
  readonly #present = new Map<number, Present<Socket>>();
  readonly #owned = new Map<Socket, Map<number, AwarenessEntry>>();

  /** Everyone who is present. */
  *all(): Generator<AwarenessEntry> {
    for (const { entry } of this.#present.values()) yield entry;
  }

  get(clientId: number): AwarenessEntry | undefined {
    return this.#present.get(clientId)?.entry;
  }

  ownedBy(socket: Socket): OwnedAwareness {
    return [...(this.#owned.get(socket)?.values() ?? [])];
  }

  /** Restores what a socket's attachment says. */
  restore(socket: Socket, owned: OwnedAwareness): void {
    for (const entry of owned) this.#set(socket, entry, false);
  }

  /**
   * Removes a socket and its clients.
   * @returns the clients, as departures at the clock they last had
   */
  release(socket: Socket): AwarenessEntry[] {
    const gone = this.ownedBy(socket);
    for (const { clientId } of gone) this.#present.delete(clientId);
    this.#owned.delete(socket);
    return gone.map(({ clientId, clock }) => ({ clientId, clock, state: null }));
  }

  /** Removes everyone. */
  clear(): void {
    this.#present.clear();
    this.#owned.clear();
  }

  /**
   * Applies an awareness message. A state that is not JSON is dropped. Of one beyond the sender's limits only the clock
   * counts: its client keeps the state that it had.
   * @param openedAfter the number of departures when the sender's socket was opened
   */
  receive(
    sender: Socket,
    openedAfter: number,
    { payload, entries }: ReceivedAwareness,
    departed: Departed,
  ): AwarenessChange<Socket> {
    const change: Change<Socket> = { changed: [], renewed: [], remind: [], touched: new Set() };
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
    { changed, renewed, remind, touched }: Change<Socket>,
  ): void {
    const known = this.#present.get(clientId);
    if (known !== undefined && clock <= known.entry.clock) return;
    const isOwn = known?.socket === sender;
    const isSame = isOwn && areEqual(known.entry.state, state);
    const kept = isSame || this.#fits(sender, clientId, state) ? state : known?.entry.state;
    if (kept === undefined || kept === null) return;
    // The state that a client had elsewhere counts for its new socket.
    if (!isOwn && !this.#fits(sender, clientId, kept)) return;
    const left = known === undefined ? departed.get(clientId) : undefined;
    const isHidden = left !== undefined && clock <= left.clock;
    if (isHidden) remind.push({ clientId, clock: left.clock, state: null });
    if (known !== undefined && !isOwn) {
      this.#remove(clientId, known);
      touched.add(known.socket);
    }
    // A copy, because the state is a view of the message.
    const present = { clientId, clock, state: isSame ? known.entry.state : kept.slice() };
    this.#set(sender, present, isHidden);
    touched.add(sender);
    (isSame && !known.isHidden ? renewed : changed).push(present);
  }

  /** Whether an entry is no echo, by all that can be decided without decoding its state. */
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

  /** Whether a socket may have this state among those of its clients. */
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

/** @returns `null` for a client that has left, `undefined` where it is not JSON in UTF-8 */
function readState(payload: Uint8Array, { start, end }: ReceivedEntry): Uint8Array | null | undefined {
  const bytes = payload.subarray(start, end);
  // It does not fit, so whether it is JSON does not matter.
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
