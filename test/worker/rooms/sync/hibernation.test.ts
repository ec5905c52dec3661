import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { QUIET_AFTER_MS } from '../../../../src/rooms/limits/storage-limits.ts';
import { frames } from '../../support/raw-socket.ts';
import { createRoomUser, encodeSyncBody } from '../../support/room-app.ts';
import { playSession, type Step } from '../../support/scripted-session.ts';

/** A document whose client id is the same each time, and the updates that its edits make. */
function author(clientID: number) {
  const doc = Object.assign(new Y.Doc({ gc: false }), { clientID });
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  return {
    edit(change: (text: Y.Text) => void): Uint8Array {
      updates.length = 0;
      change(doc.getText('text'));
      return Y.mergeUpdates(updates);
    },
  };
}

const step = (name: string, act: Step['act']): Step => ({ name, act });
const NOTHING = Y.encodeStateVector(new Y.Doc());
/** Of a credential: more than two steps take on a busy machine. */
const SHORT_MS = 4_000;

/** Joins and edits: updates, deletions, what was written offline, what comes in the wrong order, HTTP beside it. */
function editing(): Step[] {
  const [ada, ben, cy] = [author(1), author(2), author(3)];
  const hello = ada.edit((text) => text.insert(0, 'hello'));
  const offline = ben.edit((text) => text.insert(0, 'written offline '));
  const deletion = ada.edit((text) => text.delete(0, 2));
  // What a client that has everything answers to a step 1: a state vector cannot say which deletions it has.
  const deletions = Y.diffUpdate(deletion, Y.encodeStateVectorFromUpdate(Y.mergeUpdates([hello, deletion])));
  const first = cy.edit((text) => text.insert(0, 'first '));
  const second = cy.edit((text) => text.insert(6, 'second'));
  const posted = author(4).edit((text) => text.insert(0, 'posted '));
  const last = ada.edit((text) => text.insert(0, 'last'));
  return [
    step('ada opens', (room) => room.open('ada')),
    step('ada asks for everything', async (room) => room.send('ada', frames.step1(NOTHING))),
    step('ada writes', async (room) => room.send('ada', frames.update(hello))),
    step('ben opens', (room) => room.open('ben')),
    step('ben asks for everything', async (room) => room.send('ben', frames.step1(NOTHING))),
    step('ben brings what he wrote offline', async (room) => room.send('ben', frames.step2(offline))),
    step('ada deletes', async (room) => room.send('ada', frames.update(deletion))),
    step('cy opens', (room) => room.open('cy')),
    step('cy asks for everything', async (room) => room.send('cy', frames.step1(NOTHING))),
    step('cy answers with deletions that are known', async (room) =>
      room.send('cy', frames.step2(deletions)),
    ),
    step('an update comes before what it needs', async (room) => room.send('cy', frames.update(second))),
    step('what it needs comes', async (room) => room.send('cy', frames.update(first))),
    step('somebody posts', (room) => room.request('POST', encodeSyncBody(NOTHING, posted))),
    step('somebody reads', (room) => room.request('GET')),
    step('ada pings', async (room) => room.send('ada', 'ping')),
    step('ada writes on', async (room) => room.send('ada', frames.update(last))),
    step('all ask for everything', async (room) => {
      for (const name of ['ada', 'ben', 'cy']) room.send(name, frames.step1(NOTHING));
    }),
  ];
}

/** Awareness: changes, echoes early and late, departures, returns over a new socket with an old clock. */
function comingsAndGoings(): Step[] {
  return [
    step('ada opens', (room) => room.open('ada')),
    step('ada says who she is', async (room) => room.send('ada', frames.awareness(1, 1, 'ada'))),
    step('ben opens', (room) => room.open('ben')),
    step('ben says who he is', async (room) => room.send('ben', frames.awareness(2, 1, 'ben'))),
    step('ben echoes ada', async (room) => room.send('ben', frames.awareness(1, 1, 'ada'))),
    step('cy opens', (room) => room.open('cy')),
    step('cy asks who is there', async (room) => room.send('cy', frames.queryAwareness())),
    step('cy says who he is', async (room) => room.send('cy', frames.awareness(3, 1, 'cy'))),
    step('ada moves her cursor', async (room) => room.send('ada', frames.awareness(1, 2, 'ada, elsewhere'))),
    step('cy leaves', (room) => room.leave('cy')),
    step('ben echoes cy late', async (room) => room.send('ben', frames.awareness(3, 1, 'cy'))),
    step('cy comes back', (room) => room.open('cy again')),
    step('cy says who he is, as before', async (room) => room.send('cy again', frames.awareness(3, 1, 'cy'))),
    step('cy raises his clock', async (room) => room.send('cy again', frames.awareness(3, 2, 'cy'))),
    step('ben opens anew, his old socket still there', (room) => room.open('ben anew')),
    step('ben speaks over the new one', async (room) => room.send('ben anew', frames.awareness(2, 2, 'ben'))),
    step('ben’s old socket closes', (room) => room.leave('ben')),
    step('dee opens', (room) => room.open('dee')),
    step('dee says who she is', async (room) => room.send('dee', frames.awareness(5, 1, 'dee'))),
    step('dee sends garbage', async (room) => {
      room.send('dee', new Uint8Array([77]));
      await room.closed('dee');
    }),
    step('cy takes his awareness back', async (room) => room.send('cy again', frames.awareness(3, 3, null))),
    step('eve opens', (room) => room.open('eve')),
  ];
}

/** A session of few steps, because a busy machine takes long for many, and the credential ends meanwhile. */
function endOfACredential(): Step[] {
  const hello = author(1).edit((text) => text.insert(0, 'hello'));
  return [
    step('ada opens', (room) => room.open('ada')),
    step('eve opens, whose credential ends soon', async (room) =>
      room.open('eve', await createRoomUser({ userId: room.owner.userId, expiresAt: Date.now() + SHORT_MS })),
    ),
    step('eve says who she is', async (room) => room.send('eve', frames.awareness(6, 1, 'eve'))),
    step('eve’s credential ends', async (room) => {
      await new Promise((resolve) => setTimeout(resolve, SHORT_MS));
      await room.ring();
      await room.closed('eve');
    }),
    step('ada writes', async (room) => room.send('ada', frames.update(hello))),
  ];
}

/** What a room does by itself: alarms ring, the log is compacted, the room is deleted and comes back. */
function lifeOfARoom(): Step[] {
  const ada = author(1);
  const hello = ada.edit((text) => text.insert(0, 'hello'));
  const typed = Array.from({ length: 40 }, (_, index) => ada.edit((text) => text.insert(index, 'x')));
  const last = ada.edit((text) => text.insert(0, 'last'));
  return [
    step('ada opens', (room) => room.open('ada')),
    step('ada writes', async (room) => room.send('ada', frames.update(hello))),
    step('the alarm rings', (room) => room.ring()),
    step('nothing rings', (room) => room.ring()),
    step('ada types', (room) => room.sendInTurn('ada', typed)),
    step('it becomes quiet, and the log is compacted', async (room) => {
      await room.age(QUIET_AFTER_MS);
      await room.ring();
    }),
    step('fay opens', (room) => room.open('fay')),
    step('fay asks for everything', async (room) => room.send('fay', frames.step1(NOTHING))),
    step('ada writes on', async (room) => room.send('ada', frames.update(last))),
    step('fay asks again', async (room) => room.send('fay', frames.step1(NOTHING))),
    step('the room is deleted', async (room) => {
      await room.request('DELETE');
      await room.closed('ada', 'fay');
    }),
    step('somebody reads the deleted room', (room) => room.request('GET')),
    step('the deletion is reported', (room) => room.ring()),
    step('the room is recreated', (room) => room.request('PUT')),
    step('gil opens', (room) => room.open('gil')),
    step('gil asks for everything', async (room) => room.send('gil', frames.step1(NOTHING))),
    step('gil brings what was deleted', async (room) => {
      room.send('gil', frames.update(hello));
      await room.closed('gil');
    }),
    step('hal opens', (room) => room.open('hal')),
  ];
}

const SESSIONS = {
  editing,
  'comings and goings': comingsAndGoings,
  'the end of a credential': endOfACredential,
  'the life of a room': lifeOfARoom,
};

describe.each(['workspace', 'document'] as const)(
  'hibernation changes nothing that a client of a %s can see, whenever it comes,',
  (type) => {
    it.each(Object.entries(SESSIONS))('in a session of %s', async (_, session) => {
      const steps = session();
      // All at the same time, because some steps are waiting. A room that nobody has opened yet cannot sleep.
      const awake = playSession(steps, type, () => false);
      const asleep = steps.slice(1).map(async ({ name }, before) => {
        const seen = await playSession(steps, type, (index) => index === before + 1);
        expect.soft(seen, `asleep before: ${name}`).toEqual(await awake);
      });
      const drowsy = playSession(steps, type, (index) => index > 0);
      await Promise.all(asleep);
      expect(await drowsy, 'asleep before each step').toEqual(await awake);
    });
  },
);
