import { evictDurableObject } from 'cloudflare:test';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { frames, RawSocket, readAwareness } from '../../support/raw-socket.ts';
import { type RoomUser, createRoomUser, getRoomStub } from '../../support/room-app.ts';

const PATH = '/documents/meeting';
const CLIENTS = 4;

type Action =
  | {
      readonly kind: 'open' | 'leave' | 'set state' | 'repeat state' | 'remove state';
      readonly index: number;
    }
  | { readonly kind: 'echo'; readonly index: number; readonly echoIndex: number }
  | { readonly kind: 'hibernate' };

const index = fc.nat(CLIENTS - 1);
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('open' as const), index }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('set state' as const), index }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('repeat state' as const), index }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove state' as const), index }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), index }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('echo' as const), index, echoIndex: fc.nat(1_000) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('hibernate' as const) }) },
  ),
  { minLength: 10, maxLength: 40 },
);

interface ReceivedState {
  readonly clientId: number;
  readonly clock: number;
  readonly state: unknown;
}

/** A client with or without a socket, and all awareness that it received over it. */
class ModelClient {
  socket: RawSocket | null = null;
  receivedStates: ReceivedState[] = [];
  clock = 0;
  /** Whether the other clients must see its awareness. */
  isPresent = false;
  /** Whether it removed its awareness over this socket: an older state that it repeats is outdated. */
  hasRemoved = false;
}

it('a client that leaves clears only its own awareness and a new client sees all others, despite echoes and hibernation', async () => {
  await fc.assert(
    fc.asyncProperty(actions, async (history) => {
      const owner = await createRoomUser();
      const clients = Array.from({ length: CLIENTS }, () => new ModelClient());
      for (const action of history) {
        await applyAction(owner, clients, action);
        for (const [id, client] of clients.entries()) await recordAwareness(client, id);
        const present = clients.flatMap(({ isPresent, clock }, id) =>
          isPresent ? [`${id} at ${clock}`] : [],
        );
        expect(await readNewClientView(owner), JSON.stringify(action)).toEqual(present);
      }
      for (const { socket } of clients) socket?.socket.close();
    }),
    { numRuns: 40 },
  );
});

async function applyAction(owner: RoomUser, clients: readonly ModelClient[], action: Action): Promise<void> {
  if (action.kind === 'hibernate') {
    // A room without sockets may already be evicted.
    if (clients.some(({ socket }) => socket !== null)) {
      await evictDurableObject(getRoomStub('document', owner.userId, 'meeting'));
    }
    return;
  }
  const client = clients[action.index];
  if (client === undefined) return;
  const { socket } = client;
  if (action.kind === 'open') {
    if (socket === null) {
      Object.assign(client, {
        socket: await RawSocket.open(owner, PATH),
        receivedStates: [],
        hasRemoved: false,
      });
    }
    return;
  }
  if (socket === null) return;
  switch (action.kind) {
    case 'set state':
      socket.send(frames.awareness(action.index, (client.clock += 1), 'here'));
      Object.assign(client, { isPresent: true, hasRemoved: false });
      break;
    case 'repeat state':
      // With its previous clock, as after a reconnect.
      if (client.clock === 0) break;
      socket.send(frames.awareness(action.index, client.clock, 'here'));
      client.isPresent ||= !client.hasRemoved;
      break;
    case 'remove state':
      client.hasRemoved ||= client.isPresent;
      if (client.isPresent) socket.send(frames.awareness(action.index, (client.clock += 1), null));
      client.isPresent = false;
      break;
    case 'leave':
      socket.socket.close(1000);
      await socket.closed;
      Object.assign(client, { socket: null, isPresent: false });
      break;
    case 'echo': {
      const receivedStates =
        client.receivedStates[action.echoIndex % Math.max(1, client.receivedStates.length)];
      if (receivedStates !== undefined)
        socket.send(frames.awareness(receivedStates.clientId, receivedStates.clock, receivedStates.state));
      break;
    }
  }
}

/** Records the awareness of other clients, which y-websocket sends back. */
async function recordAwareness({ socket, receivedStates }: ModelClient, id: number): Promise<void> {
  const received = ((await socket?.waitUntilHandled()) ?? []).flatMap(readAwareness);
  receivedStates.push(...received.filter(({ clientId }) => clientId !== id));
}

async function readNewClientView(owner: RoomUser): Promise<string[]> {
  const newClient = await RawSocket.open(owner, PATH);
  const received = (await newClient.waitUntilHandled()).flatMap(readAwareness);
  newClient.socket.close(1000);
  await newClient.closed;
  return received.map(({ clientId, clock }) => `${clientId} at ${clock}`).toSorted();
}
