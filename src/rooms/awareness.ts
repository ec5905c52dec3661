import { MAX_AWARENESS_BYTES, MAX_AWARENESS_CLIENTS } from './limits.ts';

/** One client's awareness as it stands on the wire. */
export interface AwarenessEntry {
  readonly clientId: number;
  /** Grows with each state its client sets; decides which of two states is newer. */
  readonly clock: number;
  /** JSON in UTF-8; `null` for a client that has left. */
  readonly state: Uint8Array | null;
}

/** What one socket speaks for. Lives in its attachment, so hibernation does not lose it. */
export type OwnedAwareness = readonly AwarenessEntry[];

/** The clients that left, and when in the order of departures: what tells a late echo from a return. */
export type Departed = ReadonlyMap<number, { readonly clock: number; readonly departure: number }>;

export interface AwarenessChange<Socket> {
  /** What the other sockets must be told. */
  readonly relay: readonly AwarenessEntry[];
  /** What the sender must be told: that the others believe him gone, so that he says he is here with a newer clock. */
  readonly remind: readonly AwarenessEntry[];
  /** What each socket that is touched speaks for from now on. */
  readonly owned: ReadonlyMap<Socket, OwnedAwareness>;
}

/**
 * Decides what a socket's awareness message changes. Clients of y-websocket send back every change that they hear of,
 * so most of what arrives about other clients is an echo and must neither be relayed nor believed:
 * - a socket removes only what it speaks for itself, so that one leaver clears only his own awareness;
 * - a client moves to another socket only with a newer clock (it has reconnected there before its old socket closed);
 * - a client that left comes back with the clock it left with only over a socket that was opened after it had left. Peers
 *   ignore that clock (y-protocols takes it for old), so the client is reminded to raise it.
 *
 * An entry by which the sender would speak for more than it may is dropped, and the others count.
 * @param openedAfter how many departures there had been when the sender's socket was opened
 */
export function applyAwareness<Socket>(
  sender: Socket,
  openedAfter: number,
  entries: readonly AwarenessEntry[],
  sockets: ReadonlyMap<Socket, OwnedAwareness>,
  departed: Departed,
): AwarenessChange<Socket> {
  const owned = new Map<Socket, OwnedAwareness>();
  const of = (socket: Socket): OwnedAwareness => owned.get(socket) ?? sockets.get(socket) ?? [];
  const owners = new Map<number, Socket>();
  for (const [socket, all] of sockets) for (const { clientId } of all) owners.set(clientId, socket);
  const relay: AwarenessEntry[] = [];
  const remind: AwarenessEntry[] = [];

  for (const entry of entries) {
    const { clientId, clock, state } = entry;
    const owner = owners.get(clientId);
    const known =
      owner === undefined ? undefined : of(owner).find((candidate) => candidate.clientId === clientId);
    const without = (socket: Socket) => of(socket).filter((candidate) => candidate.clientId !== clientId);

    if (state === null) {
      if (owner !== sender) continue;
      owned.set(sender, without(sender));
      owners.delete(clientId);
    } else {
      if (known !== undefined && clock <= known.clock) continue;
      const claimed = [...without(sender), entry];
      if (exceedsAwarenessLimits(claimed)) continue;
      const left = departed.get(clientId);
      if (known === undefined && left !== undefined && clock <= left.clock) {
        if (left.departure > openedAfter) continue;
        remind.push({ clientId, clock: left.clock, state: null });
      }
      if (owner !== undefined) owned.set(owner, without(owner));
      owned.set(sender, claimed);
      owners.set(clientId, sender);
    }
    relay.push(entry);
  }
  return { relay, remind, owned };
}

/** Whether a socket would speak for more than it may. */
function exceedsAwarenessLimits(owned: OwnedAwareness): boolean {
  const bytes = owned.reduce((sum, { state }) => sum + (state?.byteLength ?? 0), 0);
  return bytes > MAX_AWARENESS_BYTES || owned.length > MAX_AWARENESS_CLIENTS;
}

/** What the others must be told when a socket closes: its clients are gone, at the clock they last had. */
export function departures(owned: OwnedAwareness): AwarenessEntry[] {
  return owned.map(({ clientId, clock }) => ({ clientId, clock, state: null }));
}
