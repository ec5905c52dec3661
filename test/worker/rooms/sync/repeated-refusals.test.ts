import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { DocumentRoom } from '../../../../src/index.ts';
import { CLOSE_CODES } from '../../../../src/lib/refuse-upgrade.ts';
import {
  HOLD_MS,
  REFUSAL_RECHECK_MS,
  MAX_IMMEDIATE_REFUSALS,
  MAX_IMMEDIATE_REFUSALS_OF_USER,
} from '../../../../src/lib/refusal-limits.ts';
import { RepeatedRefusals } from '../../../../src/lib/repeated-refusals.ts';
import { RawSocket, frames, join } from '../../support/raw-socket.ts';
import { createDocWithText, createRoomUser, getRoomStub } from '../../support/room-app.ts';
import { openSocket } from '../../support/whole-worker.ts';

afterEach(() => {
  vi.useRealTimers();
});

const DELETED = { code: CLOSE_CODES.deleted, reason: 'deleted' };

describe('refusals of a caller', () => {
  it('are immediate at first, then repeated without a check, and checked again after a while', () => {
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

  it('are immediate again for a caller that stayed away', () => {
    const refusals = new RepeatedRefusals();
    for (let time = 1; time <= 5; time++) refusals.record('one', DELETED, time);
    expect(refusals.getRepeated('one', 120_000)).toBeNull();
    expect(refusals.record('one', DELETED, 120_000)).toBe(false);
  });

  it('take bounded memory: the caller that was refused longest ago is forgotten', () => {
    const refusals = new RepeatedRefusals();
    for (let time = 1; time <= 5; time++) refusals.record('first', DELETED, time);
    for (let other = 0; other < 20_000; other++) refusals.record(`other ${other}`, DELETED, 6);
    expect(refusals.getRepeated('first', 7)).toBeNull();
  });
});

describe('the Worker', () => {
  it('closes the first refused upgrades of a caller at once and holds later ones, and not those of other clients', async () => {
    // No timer runs by itself: what closes a socket meanwhile is the answer alone.
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

/** Opens a socket in a room itself, as the Worker does. */
async function connect(
  stub: ReturnType<typeof getRoomStub>,
  headers: Record<string, string>,
): Promise<RawSocket> {
  const response = await stub.fetch('http://room.test/', { headers: { upgrade: 'websocket', ...headers } });
  if (response.webSocket === null) throw new Error('not upgraded');
  return new RawSocket(response, response.webSocket);
}

const anyRoom = () => getRoomStub('document', 'user', crypto.randomUUID());

/** A client as the Worker names it. */
const by = (request: string, user = 'user') => ({
  'x-roomkeeper-caller': request,
  'x-roomkeeper-caller-of-user': user,
});

const isDelayed = ({ response }: RawSocket) => response.headers.get('x-roomkeeper-refused-again') === 'true';

/** Has a room close a client for what it sent. */
async function offend(room: ReturnType<typeof getRoomStub>, headers: Record<string, string>): Promise<void> {
  const socket = await connect(room, headers);
  expect(isDelayed(socket)).toBe(false);
  socket.send('text');
  expect((await socket.closed).code).toBe(4400);
}

describe('a room', () => {
  it('delays a client that was closed repeatedly for what it sent, and no other', async () => {
    const room = anyRoom();
    for (let time = 1; time <= MAX_IMMEDIATE_REFUSALS; time++) await offend(room, by('mine'));
    const delayed = await connect(room, by('mine'));
    expect((await delayed.closed).code).toBe(1013);
    expect(isDelayed(delayed)).toBe(true);
    const other = await connect(room, by('another'));
    expect((await join(other)).getText('text').length).toBe(0);
  });

  it('delays a client that brings another credential each time, and not the clients of other users', async () => {
    const room = anyRoom();
    for (let time = 1; time <= MAX_IMMEDIATE_REFUSALS_OF_USER; time++)
      await offend(room, by(`token ${time}`));
    const delayed = await connect(room, by('another token'));
    expect((await delayed.closed).code).toBe(1013);
    expect(isDelayed(delayed)).toBe(true);
    expect(isDelayed(await connect(room, by('token', 'another user')))).toBe(false);
  });

  it('that slept while the Worker held a client delays it again after the next close', async () => {
    const room = anyRoom();
    await offend(room, { ...by('mine'), 'x-roomkeeper-is-repeating': 'true' });
    expect(isDelayed(await connect(room, by('mine')))).toBe(true);
  });

  it('delays a client whose edit can never be stored', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const room = anyRoom();
    await connect(room, by('another'));
    await runInDurableObject(room, (_, { storage }) => {
      storage.sql.exec(
        `CREATE TRIGGER full BEFORE INSERT ON update_log BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`,
      );
    });
    for (let time = 1; time <= MAX_IMMEDIATE_REFUSALS; time++) {
      const socket = await connect(room, by('mine'));
      expect(isDelayed(socket)).toBe(false);
      socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'))));
      expect(await socket.closed).toEqual({
        code: 1013,
        reason: expect.stringContaining('could not be stored'),
      });
    }
    expect(isDelayed(await connect(room, by('mine')))).toBe(true);
    expect(isDelayed(await connect(room, by('another')))).toBe(false);
    log.mockRestore();
  });

  it('closes the next upgrade of a client that sent a message over the limit of the platform with 4413, also after it slept', async () => {
    const room = anyRoom();
    const socket = await connect(room, by('mine'));
    await socket.waitUntilHandled();
    await runInDurableObject(room, (instance, state) => {
      const [server] = state.getWebSockets();
      if (server === undefined || !(instance instanceof DocumentRoom)) throw new Error('no socket');
      instance.webSocketError(server, new Error('protocolError.statusCode = 1009'));
    });
    await evictDurableObject(room);
    const next = await connect(room, by('mine'));
    expect((await next.closed).code).toBe(4413);
    // The Worker has not held it yet.
    expect(isDelayed(next)).toBe(false);
    const other = await connect(room, by('another'));
    await other.waitUntilHandled();
  });

  it('opens sockets where what it stores of such clients is damaged', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const room = anyRoom();
    await runInDurableObject(room, (_, { storage }) => storage.kv.put('too large messages', [['mine']]));
    const socket = await connect(room, by('mine'));
    await socket.waitUntilHandled();
    expect(log).toHaveBeenCalledWith(expect.objectContaining({ record: 'too large messages' }));
    log.mockRestore();
  });

  it('refuses a session that has ended with 4401 from then on, without accepting it', async () => {
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
