import { evictDurableObject } from 'cloudflare:test';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { frames, RawSocket, readAwareness } from '../../support/raw-socket.ts';
import { type RoomUser, createRoomUser, getRoomStub } from '../../support/room-app.ts';

const PATH = '/documents/meeting';
const PEOPLE = 4;

type Act =
  | { readonly kind: 'open' | 'leave' | 'say' | 'say again' | 'say good-bye'; readonly who: number }
  | { readonly kind: 'echo'; readonly who: number; readonly which: number }
  | { readonly kind: 'hibernate' };

const who = fc.nat(PEOPLE - 1);
const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('open' as const), who }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('say' as const), who }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('say again' as const), who }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('say good-bye' as const), who }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), who }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('echo' as const), who, which: fc.nat(1_000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('hibernate' as const) }) },
  ),
  { minLength: 10, maxLength: 40 },
);

interface Heard {
  readonly clientId: number;
  readonly clock: number;
  readonly state: unknown;
}

/** Somebody with a socket, as long as he is there, and everything that he was told over it. */
class Somebody {
  socket: RawSocket | null = null;
  heard: Heard[] = [];
  clock = 0;
  /** What the others must believe of him. */
  isKnown = false;
  /** Whether he has said good-bye over this socket: what he then says again of before is old news. */
  isDone = false;
}

it('one leaver clears only his own awareness, and a newcomer sees everyone’s, whatever anybody echoes and whenever the room sleeps', async () => {
  await fc.assert(
    fc.asyncProperty(acts, async (history) => {
      const owner = await createRoomUser();
      const people = Array.from({ length: PEOPLE }, () => new Somebody());
      for (const act of history) {
        await doIt(owner, people, act);
        for (const [id, somebody] of people.entries()) await listen(somebody, id);
        const present = people.flatMap(({ isKnown, clock }, id) => (isKnown ? [`${id} at ${clock}`] : []));
        expect(await newcomerSees(owner), JSON.stringify(act)).toEqual(present);
      }
      for (const { socket } of people) socket?.socket.close();
    }),
    { numRuns: 40 },
  );
});

async function doIt(owner: RoomUser, people: readonly Somebody[], act: Act): Promise<void> {
  if (act.kind === 'hibernate') {
    // A room in which nobody is may have been gone all along.
    if (people.some(({ socket }) => socket !== null)) {
      await evictDurableObject(getRoomStub('document', owner.userId, 'meeting'));
    }
    return;
  }
  const somebody = people[act.who];
  if (somebody === undefined) return;
  const { socket } = somebody;
  if (act.kind === 'open') {
    if (socket === null) {
      Object.assign(somebody, { socket: await RawSocket.open(owner, PATH), heard: [], isDone: false });
    }
    return;
  }
  if (socket === null) return;
  switch (act.kind) {
    case 'say':
      socket.send(frames.awareness(act.who, (somebody.clock += 1), 'here'));
      Object.assign(somebody, { isKnown: true, isDone: false });
      break;
    case 'say again':
      // With the clock that he had, as after a reconnect.
      if (somebody.clock === 0) break;
      socket.send(frames.awareness(act.who, somebody.clock, 'here'));
      somebody.isKnown ||= !somebody.isDone;
      break;
    case 'say good-bye':
      somebody.isDone ||= somebody.isKnown;
      if (somebody.isKnown) socket.send(frames.awareness(act.who, (somebody.clock += 1), null));
      somebody.isKnown = false;
      break;
    case 'leave':
      socket.socket.close(1000);
      await socket.closed;
      Object.assign(somebody, { socket: null, isKnown: false });
      break;
    case 'echo': {
      const heard = somebody.heard[act.which % Math.max(1, somebody.heard.length)];
      if (heard !== undefined) socket.send(frames.awareness(heard.clientId, heard.clock, heard.state));
      break;
    }
  }
}

/** What he is told about others, which is what y-websocket sends back. */
async function listen({ socket, heard }: Somebody, id: number): Promise<void> {
  const told = ((await socket?.waitUntilHandled()) ?? []).flatMap(readAwareness);
  heard.push(...told.filter(({ clientId }) => clientId !== id));
}

async function newcomerSees(owner: RoomUser): Promise<string[]> {
  const newcomer = await RawSocket.open(owner, PATH);
  const told = (await newcomer.waitUntilHandled()).flatMap(readAwareness);
  newcomer.socket.close(1000);
  await newcomer.closed;
  return told.map(({ clientId, clock }) => `${clientId} at ${clock}`).toSorted();
}
