import { runInDurableObject } from 'cloudflare:test';
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { ModelRoom, readVisibleStates } from '../../support/awareness-room.ts';
import { frames, RawSocket, readAwareness } from '../../support/raw-socket.ts';
import { createRoomUser, getRoomStub } from '../../support/room-app.ts';

/** The time in which every client renews its awareness once, with its frames. */
const ROUND_MS = 18_000;
const ROUNDS = 3;
const SETTLE_MS = 6_000;

type Action =
  | { readonly kind: 'open' | 'leave' | 'change'; readonly index: number }
  | { readonly kind: 'wait'; readonly ms: number };

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom('open' as const, 'leave' as const, 'change' as const),
      index: fc.nat(99),
    }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 20, 300, 5_000, 40_000) }),
  ),
  { maxLength: 40 },
);

afterEach(() => {
  vi.useRealTimers();
});

it('every client sees exactly the present clients, and no connected client is dropped as outdated', () => {
  fc.assert(
    fc.property(
      actions,
      fc.integer({ min: 0, max: 40 }),
      fc.array(fc.nat(500), { minLength: 1 }),
      (history, initialClients, delays) => {
        let sent = 0;
        const room = new ModelRoom(() => delays[(sent += 1) % delays.length] ?? 0);
        let ids = 0;
        for (let index = 0; index < initialClients; index++) room.open((ids += 1), 'idle');
        const all = room.clients;
        for (const [index, action] of history.entries()) {
          if (action.kind === 'wait') room.time.runFor(action.ms);
          else if (action.kind === 'open') all.push(room.open((ids += 1), 'new'));
          else {
            const { clients } = room;
            const client = clients[action.index % Math.max(1, clients.length)];
            if (action.kind === 'leave' && client !== undefined) room.close(client);
            else client?.set(`state ${index}`);
          }
        }
        room.time.runFor(SETTLE_MS);
        const { present, clients } = room;
        expect(Object.keys(present)).toHaveLength(clients.length);
        for (const client of clients) expect(readVisibleStates(client)).toEqual(present);
        room.time.runFor(3 * ROUND_MS);
        for (const client of all) expect(client.outdated, `client ${client.id}`).toEqual([]);
      },
    ),
    { numRuns: 30 },
  );
});

it('the number of frames in an idle room is linear in its sockets', () => {
  const perSocket = [25, 50, 100].map((count) => {
    const room = new ModelRoom(() => 10);
    for (let id = 1; id <= count; id++) room.open(id, 'idle');
    room.time.runFor(ROUND_MS);
    const [before, receivedBefore] = [countFrames(room), room.framesReceived];
    room.time.runFor(ROUNDS * ROUND_MS);
    return (countFrames(room) - before + room.framesReceived - receivedBefore) / count / ROUNDS;
  });
  const [few = 0, ...more] = perSocket;
  // With 25 sockets most renewals arrive in frames of their own, and there are at most 25 renewals.
  for (const frames of more) expect(frames).toBeLessThan(2 * few + 2);
});

const countFrames = (room: ModelRoom): number =>
  room.clients.reduce((sum, { framesReceived }) => sum + framesReceived, 0);

it('awareness changes of one turn of the event loop reach each other socket in at most two frames', async () => {
  const owner = await createRoomUser();
  const listener = await RawSocket.open(owner, '/documents/meeting');
  const speakers: RawSocket[] = [];
  for (let count = 0; count < 15; count++) speakers.push(await RawSocket.open(owner, '/documents/meeting'));
  await listener.waitUntilHandled();
  // The clock does not advance during a turn.
  vi.useFakeTimers({ toFake: ['Date'] });
  await runInDurableObject(getRoomStub('document', owner.userId, 'meeting'), (instance, ctx) => {
    for (const [id, socket] of ctx.getWebSockets().entries()) {
      instance.webSocketMessage?.(socket, Uint8Array.from(frames.awareness(id + 1, 1, 'here')).buffer);
    }
  });
  const received: number[][] = [];
  while (received.flat().length < 15) {
    const about = readAwareness(await listener.next());
    if (about.length > 0) received.push(about.map(({ clientId }) => clientId));
  }
  expect(new Set(received.flat()).size).toBeGreaterThanOrEqual(15);
  expect(received.length).toBeLessThanOrEqual(2);
  for (const { socket } of [listener, ...speakers]) socket.close(1000);
});
