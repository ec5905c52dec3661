import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { CLOSE_CODES } from '../../../src/refuse-upgrade.ts';
import {
  JUDGE_AGAIN_AFTER_MS,
  MAX_IMMEDIATE_REFUSALS,
  RepeatedRefusals,
} from '../../../src/repeated-refusals.ts';
import { RawSocket, frames, join } from '../support/raw-socket.ts';
import { docWith, person, roomStub } from '../support/room-app.ts';
import { openSocket } from '../support/whole-worker.ts';

const DELETED = { code: CLOSE_CODES.deleted, reason: 'deleted' };

describe('refusals of a caller', () => {
  it('are immediate at first, then repeated without being judged, and judged again after a while', () => {
    const refusals = new RepeatedRefusals();
    for (let time = 1; time <= MAX_IMMEDIATE_REFUSALS; time++) {
      expect(refusals.repeated('one', time)).toBeNull();
      expect(refusals.note('one', DELETED, time)).toBe(false);
    }
    expect(refusals.repeated('one', 10)).toEqual(DELETED);
    expect(refusals.repeated('another', 10)).toBeNull();
    expect(refusals.repeated('one', 10 + JUDGE_AGAIN_AFTER_MS)).toBeNull();
    expect(refusals.note('one', DELETED, 10 + JUDGE_AGAIN_AFTER_MS)).toBe(true);
  });

  it('are immediate again for one that stayed away', () => {
    const refusals = new RepeatedRefusals();
    for (let time = 1; time <= 5; time++) refusals.note('one', DELETED, time);
    expect(refusals.repeated('one', 120_000)).toBeNull();
    expect(refusals.note('one', DELETED, 120_000)).toBe(false);
  });

  it('take bounded memory: the caller that was refused longest ago is forgotten', () => {
    const refusals = new RepeatedRefusals();
    for (let time = 1; time <= 5; time++) refusals.note('first', DELETED, time);
    for (let other = 0; other < 20_000; other++) refusals.note(`other ${other}`, DELETED, 6);
    expect(refusals.repeated('first', 7)).toBeNull();
  });
});

/** Whether a socket is closed before its client has had an answer to something that a room would answer. */
async function isClosedAtOnce(socket: RawSocket): Promise<boolean> {
  return Promise.race([
    socket.closed.then(() => true),
    new Promise<false>((resolve) => setTimeout(() => resolve(false), 1_000)),
  ]);
}

describe('the Worker', () => {
  it('holds a refused upgrade that is repeated, and neither one with another token nor one of another client', async () => {
    const path = `/documents/${crypto.randomUUID()}`;
    const open = (token: string, agent = 'one') =>
      openSocket(`${path}?token=${token}`, { 'user-agent': agent });
    for (let time = 1; time <= MAX_IMMEDIATE_REFUSALS; time++) {
      expect((await (await open('none')).closed).code).toBe(4401);
    }
    const held = await open('none');
    expect(await isClosedAtOnce(held)).toBe(false);
    expect((await (await open('none', 'another')).closed).code).toBe(4401);
    expect((await (await open('fresh')).closed).code).toBe(4401);
    expect((await held.closed).code).toBe(4401);
    expect([...held.response.headers.keys()].filter((name) => name.startsWith('x-roomkeeper'))).toEqual([]);
  });
});

/** Opens a socket in the room itself, as the Worker does. */
async function connect(headers: Record<string, string>): Promise<RawSocket> {
  const response = await roomStub('document', 'someone', 'repeats').fetch('http://room.test/', {
    headers: { upgrade: 'websocket', ...headers },
  });
  if (response.webSocket === null) throw new Error('not upgraded');
  return new RawSocket(response, response.webSocket);
}

describe('a room', () => {
  it('delays a client that was closed repeatedly for what it sent, and no other', async () => {
    const mine = { 'x-roomkeeper-caller': 'mine' };
    for (let time = 1; time <= MAX_IMMEDIATE_REFUSALS; time++) {
      const socket = await connect(mine);
      socket.send('text');
      expect((await socket.closed).code).toBe(4400);
    }
    const delayed = await connect(mine);
    expect((await delayed.closed).code).toBe(1013);
    expect(delayed.response.headers.get('x-roomkeeper-refused-again')).toBe('true');
    const other = await connect({ 'x-roomkeeper-caller': 'another' });
    expect((await join(other)).getText('text').length).toBe(0);
  });

  it('refuses a session that has ended with 4401 from then on, without accepting it', async () => {
    const someone = await person({ sessionId: 'ended' });
    const first = await RawSocket.open(someone, '/documents/d');
    first.send(frames.update(Y.encodeStateAsUpdate(docWith('x'))));
    await first.untilHandled();
    const stub = roomStub('document', someone.userId, 'd');
    await stub.endSockets(['ended']);
    expect((await first.closed).code).toBe(4401);
    const second = await RawSocket.open(someone, '/documents/d');
    expect((await second.closed).code).toBe(4401);
  });
});
