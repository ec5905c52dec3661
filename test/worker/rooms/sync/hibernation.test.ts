import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { QUIET_AFTER_MS } from '../../../../src/rooms/limits/storage-limits.ts';
import { frames } from '../../support/raw-socket.ts';
import { createRoomUser, encodeSyncBody } from '../../support/room-app.ts';
import { playSession, type Step } from '../../support/scripted-session.ts';

/** A document with a fixed client id. Its edits return their update. */
function createAuthor(clientID: number) {
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
const EMPTY_STATE_VECTOR = Y.encodeStateVector(new Y.Doc());
/** Lifetime of a credential: longer than two steps take on a busy machine. */
const CREDENTIAL_LIFETIME_MS = 4_000;

/** Joins and edits: updates, deletions, offline edits, updates out of order, HTTP in between. */
function editing(): Step[] {
  const [ada, ben, cy] = [createAuthor(1), createAuthor(2), createAuthor(3)];
  const hello = ada.edit((text) => text.insert(0, 'hello'));
  const offline = ben.edit((text) => text.insert(0, 'written offline '));
  const deletion = ada.edit((text) => text.delete(0, 2));
  // The answer of an up-to-date client to a step 1: state vectors do not contain deletions.
  const deletions = Y.diffUpdate(deletion, Y.encodeStateVectorFromUpdate(Y.mergeUpdates([hello, deletion])));
  const first = cy.edit((text) => text.insert(0, 'first '));
  const second = cy.edit((text) => text.insert(6, 'second'));
  const posted = createAuthor(4).edit((text) => text.insert(0, 'posted '));
  const last = ada.edit((text) => text.insert(0, 'last'));
  return [
    step('ada opens', (room) => room.open('ada')),
    step('ada sends step 1', async (room) => room.send('ada', frames.step1(EMPTY_STATE_VECTOR))),
    step('ada writes', async (room) => room.send('ada', frames.update(hello))),
    step('ben opens', (room) => room.open('ben')),
    step('ben sends step 1', async (room) => room.send('ben', frames.step1(EMPTY_STATE_VECTOR))),
    step('ben sends offline edits', async (room) => room.send('ben', frames.step2(offline))),
    step('ada deletes', async (room) => room.send('ada', frames.update(deletion))),
    step('cy opens', (room) => room.open('cy')),
    step('cy sends step 1', async (room) => room.send('cy', frames.step1(EMPTY_STATE_VECTOR))),
    step('cy answers with deletions that the room has', async (room) =>
      room.send('cy', frames.step2(deletions)),
    ),
    step('an update arrives before its dependency', async (room) => room.send('cy', frames.update(second))),
    step('the dependency arrives', async (room) => room.send('cy', frames.update(first))),
    step('a client syncs over HTTP', (room) =>
      room.request('POST', encodeSyncBody(EMPTY_STATE_VECTOR, posted)),
    ),
    step('a client reads over HTTP', (room) => room.request('GET')),
    step('ada pings', async (room) => room.send('ada', 'ping')),
    step('ada writes again', async (room) => room.send('ada', frames.update(last))),
    step('all send step 1', async (room) => {
      for (const name of ['ada', 'ben', 'cy']) room.send(name, frames.step1(EMPTY_STATE_VECTOR));
    }),
  ];
}

/** Awareness: changes, early and late echoes, departures, returns over a new socket with an old clock. */
function joiningAndLeaving(): Step[] {
  return [
    step('ada opens', (room) => room.open('ada')),
    step('ada sends awareness', async (room) => room.send('ada', frames.awareness(1, 1, 'ada'))),
    step('ben opens', (room) => room.open('ben')),
    step('ben sends awareness', async (room) => room.send('ben', frames.awareness(2, 1, 'ben'))),
    step('ben echoes ada', async (room) => room.send('ben', frames.awareness(1, 1, 'ada'))),
    step('cy opens', (room) => room.open('cy')),
    step('cy queries awareness', async (room) => room.send('cy', frames.queryAwareness())),
    step('cy sends awareness', async (room) => room.send('cy', frames.awareness(3, 1, 'cy'))),
    step('ada moves her cursor', async (room) => room.send('ada', frames.awareness(1, 2, 'ada, elsewhere'))),
    step('cy leaves', (room) => room.leave('cy')),
    step('ben echoes cy late', async (room) => room.send('ben', frames.awareness(3, 1, 'cy'))),
    step('cy reconnects', (room) => room.open('cy again')),
    step('cy sends awareness with the previous clock', async (room) =>
      room.send('cy again', frames.awareness(3, 1, 'cy')),
    ),
    step('cy raises its clock', async (room) => room.send('cy again', frames.awareness(3, 2, 'cy'))),
    step('ben opens a second socket', (room) => room.open('ben again')),
    step('ben sends awareness over the second socket', async (room) =>
      room.send('ben again', frames.awareness(2, 2, 'ben')),
    ),
    step('ben’s old socket closes', (room) => room.leave('ben')),
    step('dee opens', (room) => room.open('dee')),
    step('dee sends awareness', async (room) => room.send('dee', frames.awareness(5, 1, 'dee'))),
    step('dee sends a malformed frame', async (room) => {
      room.send('dee', new Uint8Array([77]));
      await room.closed('dee');
    }),
    step('cy removes its awareness', async (room) => room.send('cy again', frames.awareness(3, 3, null))),
    step('eve opens', (room) => room.open('eve')),
  ];
}

/** Few steps, because the credential must not expire before the last of them on a busy machine. */
function expiringCredential(): Step[] {
  const hello = createAuthor(1).edit((text) => text.insert(0, 'hello'));
  return [
    step('ada opens', (room) => room.open('ada')),
    step('eve opens with a credential that expires soon', async (room) =>
      room.open(
        'eve',
        await createRoomUser({ userId: room.owner.userId, expiresAt: Date.now() + CREDENTIAL_LIFETIME_MS }),
      ),
    ),
    step('eve sends awareness', async (room) => room.send('eve', frames.awareness(6, 1, 'eve'))),
    step('eve’s credential expires', async (room) => {
      await new Promise((resolve) => setTimeout(resolve, CREDENTIAL_LIFETIME_MS));
      await room.runAlarm();
      await room.closed('eve');
    }),
    step('ada writes', async (room) => room.send('ada', frames.update(hello))),
  ];
}

/** Alarms run, the log is compacted, the room is deleted and recreated. */
function alarmsAndDeletion(): Step[] {
  const ada = createAuthor(1);
  const hello = ada.edit((text) => text.insert(0, 'hello'));
  const typed = Array.from({ length: 40 }, (_, index) => ada.edit((text) => text.insert(index, 'x')));
  const last = ada.edit((text) => text.insert(0, 'last'));
  return [
    step('ada opens', (room) => room.open('ada')),
    step('ada writes', async (room) => room.send('ada', frames.update(hello))),
    step('the alarm runs', (room) => room.runAlarm()),
    step('no alarm is due', (room) => room.runAlarm()),
    step('ada types', (room) => room.sendInTurn('ada', typed)),
    step('the quiet room compacts its log', async (room) => {
      await room.ageLog(QUIET_AFTER_MS);
      await room.runAlarm();
    }),
    step('fay opens', (room) => room.open('fay')),
    step('fay sends step 1', async (room) => room.send('fay', frames.step1(EMPTY_STATE_VECTOR))),
    step('ada writes again', async (room) => room.send('ada', frames.update(last))),
    step('fay sends step 1 again', async (room) => room.send('fay', frames.step1(EMPTY_STATE_VECTOR))),
    step('the room is deleted', async (room) => {
      await room.request('DELETE');
      await room.closed('ada', 'fay');
    }),
    step('a client reads the deleted room', (room) => room.request('GET')),
    step('the deletion is reported', (room) => room.runAlarm()),
    step('the room is recreated', (room) => room.request('PUT')),
    step('gil opens', (room) => room.open('gil')),
    step('gil sends step 1', async (room) => room.send('gil', frames.step1(EMPTY_STATE_VECTOR))),
    step('gil sends deleted content', async (room) => {
      room.send('gil', frames.update(hello));
      await room.closed('gil');
    }),
    step('hal opens', (room) => room.open('hal')),
  ];
}

const SESSIONS = {
  editing,
  'joining and leaving': joiningAndLeaving,
  'an expiring credential': expiringCredential,
  'alarms, compaction and deletion': alarmsAndDeletion,
};

describe.each(['workspace', 'document'] as const)(
  'hibernation of a %s at any step changes nothing that its clients receive,',
  (type) => {
    it.each(Object.entries(SESSIONS))('in a session of %s', async (_, session) => {
      const steps = session();
      // In parallel, because some steps wait. A room without sockets cannot hibernate.
      const awake = playSession(steps, type, () => false);
      const asleep = steps.slice(1).map(async ({ name }, before) => {
        const seen = await playSession(steps, type, (index) => index === before + 1);
        expect.soft(seen, `asleep before: ${name}`).toEqual(await awake);
      });
      const alwaysAsleep = playSession(steps, type, (index) => index > 0);
      await Promise.all(asleep);
      expect(await alwaysAsleep, 'asleep before each step').toEqual(await awake);
    });
  },
);
