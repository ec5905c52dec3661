import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { DocumentRoom } from '../../../../src/index.ts';
import { CLOSE_CODES } from '../../../../src/lib/refusals/refuse-upgrade.ts';
import {
  HOLD_MS,
  REFUSAL_RECHECK_MS,
  MAX_IMMEDIATE_REFUSALS,
  MAX_IMMEDIATE_REFUSALS_OF_USER,
} from '../../../../src/lib/refusals/refusal-limits.ts';
import { RepeatedRefusals } from '../../../../src/lib/refusals/repeated-refusals.ts';
import { RawSocket, frames, join } from '../../support/raw-socket.ts';
import { createDocWithText, createRoomUser, getRoomStub } from '../../support/room-app.ts';
import { openSocket } from '../../support/whole-worker.ts';

afterEach(() => {
  vi.useRealTimers();
});

const DELETED = { code: CLOSE_CODES.deleted, reason: 'deleted' };

describe('refusals of a caller', () => {
  it('are immediate at first, then repeated without a check, and rechecked after an interval', () => {
    const refusals = new RepeatedRefusals();
    for (let time = 1; time <= MAX_IMMEDIATE_REFUSALS; time++) {
      expect(refusals.getRepeated('one', time)).toBeNull();
      expect(refusals.record('one', DELETED, time)).toBe(false);
    }
    expect(refusals.getRepeated('one', 10)).toEqual(DELETED);
    expect(refusals.getRepeated('another', 10)).toBeNull();
    expect(refusals.getRepeated('one', 10 + REFUSAL_RECHECK_MS)).toBeNull();
    expect(refusals.record('one', DELETED, 10 + REFUSAL_RECHECK_MS)).toBe(true);
  });

  it('are immediate again for a caller after a pause', () => {
    const refusals = new RepeatedRefusals();
    for (let time = 1; time <= 5; time++) refusals.record('one', DELETED, time);
    expect(refusals.getRepeated('one', 120_000)).toBeNull();
    expect(refusals.record('one', DELETED, 120_000)).toBe(false);
  });

  it('are kept in bounded memory: the entry of the least recent caller is evicted', () => {
    const refusals = new RepeatedRefusals();
    for (let time = 1; time <= 5; time++) refusals.record('first', DELETED, time);
    for (let other = 0; other < 20_000; other++) refusals.record(`other ${other}`, DELETED, 6);
    expect(refusals.getRepeated('first', 7)).toBeNull();
  });
});

describe('the Worker', () => {
  it('closes the first refused upgrades of a caller at once and delays later ones, but not those of other clients', async () => {
    // No timer runs by itself, so only a response can close a socket.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const path = `/documents/${crypto.randomUUID()}`;
    const open = (token: string, agent = 'one') =>
      openSocket(`${path}?token=${token}`, { 'user-agent': agent });
    for (let time = 1; time <= MAX_IMMEDIATE_REFUSALS; time++) {
      expect((await (await open('none')).closed).code).toBe(4401);
    }
    const held = await open('none');
    let isClosed = false;
    void held.closed.then(() => (isClosed = true));
    vi.advanceTimersByTime(HOLD_MS - 1);
    expect((await (await open('none', 'another')).closed).code).toBe(4401);
    expect((await (await open('fresh')).closed).code).toBe(4401);
    expect(isClosed).toBe(false);
    vi.advanceTimersByTime(1);
    expect((await held.closed).code).toBe(4401);
    expect([...held.response.headers.keys()].filter((name) => name.startsWith('x-roomkeeper'))).toEqual([]);
  });
});

/** Opens a socket of a room object, as the Worker does. */
async function connect(
  stub: ReturnType<typeof getRoomStub>,
  headers: Record<string, string>,
): Promise<RawSocket> {
  const response = await stub.fetch('http://room.test/', { headers: { upgrade: 'websocket', ...headers } });
  if (response.webSocket === null) throw new Error('not upgraded');
  return new RawSocket(response, response.webSocket);
}

const getNewRoom = () => getRoomStub('document', 'user', crypto.randomUUID());

/** The headers with which the Worker identifies a client. */
const identifyAs = (request: string, user = 'user') => ({
  'x-roomkeeper-caller': request,
  'x-roomkeeper-caller-of-user': user,
});

const isDelayed = ({ response }: RawSocket) => response.headers.get('x-roomkeeper-refused-again') === 'true';

/** Makes a room close a client because of its message. */
async function sendRefusedMessage(
  room: ReturnType<typeof getRoomStub>,
  headers: Record<string, string>,
): Promise<void> {
  const socket = await connect(room, headers);
  expect(isDelayed(socket)).toBe(false);
  socket.send('text');
  expect((await socket.closed).code).toBe(4400);
}

describe('a room', () => {
  it('delays a client that it closed repeatedly because of its messages, and no other client', async () => {
    const room = getNewRoom();
    for (let time = 1; time <= MAX_IMMEDIATE_REFUSALS; time++)
      await sendRefusedMessage(room, identifyAs('mine'));
    const delayed = await connect(room, identifyAs('mine'));
    expect((await delayed.closed).code).toBe(1013);
    expect(isDelayed(delayed)).toBe(true);
    const other = await connect(room, identifyAs('another'));
    expect((await join(other)).getText('text').length).toBe(0);
  });

  it('delays a client that uses a new credential each time, but not the clients of other users', async () => {
    const room = getNewRoom();
    for (let time = 1; time <= MAX_IMMEDIATE_REFUSALS_OF_USER; time++)
      await sendRefusedMessage(room, identifyAs(`token ${time}`));
    const delayed = await connect(room, identifyAs('another token'));
    expect((await delayed.closed).code).toBe(1013);
    expect(isDelayed(delayed)).toBe(true);
    expect(isDelayed(await connect(room, identifyAs('token', 'another user')))).toBe(false);
  });

  it('delays a client again after its next close although it hibernated while the Worker held the client', async () => {
    const room = getNewRoom();
    await sendRefusedMessage(room, { ...identifyAs('mine'), 'x-roomkeeper-is-repeating': 'true' });
    expect(isDelayed(await connect(room, identifyAs('mine')))).toBe(true);
  });

  it('delays a client whose edit can never be stored', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const room = getNewRoom();
    await connect(room, identifyAs('another'));
    await runInDurableObject(room, (_, { storage }) => {
      storage.sql.exec(
        `CREATE TRIGGER full BEFORE INSERT ON update_log BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`,
      );
    });
    for (let time = 1; time <= MAX_IMMEDIATE_REFUSALS; time++) {
      const socket = await connect(room, identifyAs('mine'));
      expect(isDelayed(socket)).toBe(false);
      socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'))));
      expect(await socket.closed).toEqual({
        code: 1013,
        reason: expect.stringContaining('could not be stored'),
      });
    }
    expect(isDelayed(await connect(room, identifyAs('mine')))).toBe(true);
    expect(isDelayed(await connect(room, identifyAs('another')))).toBe(false);
    log.mockRestore();
  });

  it('closes the next upgrade of a client that sent a message over the platform’s limit with 4413, also after hibernation', async () => {
    const room = getNewRoom();
    const socket = await connect(room, identifyAs('mine'));
    await socket.waitUntilHandled();
    await runInDurableObject(room, (instance, state) => {
      const [server] = state.getWebSockets();
      if (server === undefined || !(instance instanceof DocumentRoom)) throw new Error('no socket');
      instance.webSocketError(server, new Error('protocolError.statusCode = 1009'));
    });
    await evictDurableObject(room);
    const next = await connect(room, identifyAs('mine'));
    expect((await next.closed).code).toBe(4413);
    // The Worker has not delayed it yet.
    expect(isDelayed(next)).toBe(false);
    const other = await connect(room, identifyAs('another'));
    await other.waitUntilHandled();
  });

  it('opens sockets although its record of such clients is damaged', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const room = getNewRoom();
    await runInDurableObject(room, (_, { storage }) => storage.kv.put('too large messages', [['mine']]));
    const socket = await connect(room, identifyAs('mine'));
    await socket.waitUntilHandled();
    expect(log).toHaveBeenCalledWith(expect.objectContaining({ record: 'too large messages' }));
    log.mockRestore();
  });

  it('closes upgrades of an ended session with 4401', async () => {
    const user = await createRoomUser({ sessionId: 'ended' });
    const first = await RawSocket.open(user, '/documents/d');
    first.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'))));
    await first.waitUntilHandled();
    const stub = getRoomStub('document', user.userId, 'd');
    await stub.endSockets(['ended']);
    expect((await first.closed).code).toBe(4401);
    const second = await RawSocket.open(user, '/documents/d');
    expect((await second.closed).code).toBe(4401);
  });
});
