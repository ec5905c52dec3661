import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { MAX_DRAINED_BYTES } from '../../../../src/lib/bounded-body.ts';
import {
  DEFAULT_LIMITS,
  MAX_BODY_BYTES,
  MAX_STATE_VECTOR_BYTES,
} from '../../../../src/rooms/limits/room-limits.ts';
import { MAX_AWARENESS_BYTES, MAX_AWARENESS_CLIENTS } from '../../../../src/rooms/limits/socket-limits.ts';
import {
  TRUNCATED,
  DROPPED_AWARENESS,
  HUGE,
  MALFORMED,
  DANGLING_REFERENCES,
  write,
} from '../../support/bad-frames.ts';
import { frames, join, RawSocket, read, readWithoutKeepAlives } from '../../support/raw-socket.ts';
import {
  createDocWithText,
  type RoomUser,
  createRoomUser,
  getRoomStub,
  encodeSyncBody,
  syncOverHttp,
} from '../../support/room-app.ts';

const PATH = '/documents/d';
const EMPTY_STATE_VECTOR = Y.encodeStateVector(new Y.Doc());
const readText = (doc: Y.Doc): string => doc.getText('text').toJSON();

/** Opens three sockets in a room with content: a misbehaving client and two others. */
async function openThreeSockets(): Promise<{
  user: RoomUser;
  bad: RawSocket;
  good: RawSocket;
  other: RawSocket;
}> {
  const user = await createRoomUser();
  const safe = Object.assign(new Y.Doc(), { clientID: 1 });
  safe.getText('text').insert(0, 'safe');
  await syncOverHttp(user, PATH, safe);
  const [bad, good, other] = await Promise.all([0, 1, 2].map(() => RawSocket.open(user, PATH)));
  if (bad === undefined || good === undefined || other === undefined)
    throw new Error('expected three sockets');
  return { user, bad, good, other };
}

/** The other sockets are open, receive each other's edits, and a new client reads the content. */
async function expectUndisturbed({
  user,
  good,
  other,
}: Awaited<ReturnType<typeof openThreeSockets>>): Promise<void> {
  const more = Object.assign(new Y.Doc(), { clientID: 2 });
  more.getText('text').insert(0, 'more');
  good.send(frames.update(Y.encodeStateAsUpdate(more)));
  await good.waitUntilHandled();
  expect(readWithoutKeepAlives(await other.waitUntilHandled())).toEqual([
    { type: 'update', update: Y.encodeStateAsUpdate(more) },
  ]);
  expect(['safemore', 'moresafe']).toContain(readText(await join(await RawSocket.open(user, PATH))));
}

const readLog = (user: RoomUser) =>
  runInDurableObject(getRoomStub('document', user.userId, 'd'), (_, { storage }) =>
    storage.sql.exec('SELECT id, hex(bytes) FROM update_log ORDER BY id').toArray(),
  );

describe('a room refuses malformed input:', () => {
  it.each(MALFORMED)(
    '%s closes its socket with 4400 and changes nothing for other clients',
    async (_, frame) => {
      const room = await openThreeSockets();
      const before = await readLog(room.user);
      room.bad.send(frame);
      expect((await room.bad.closed).code).toBe(4400);
      expect(readWithoutKeepAlives(await room.good.waitUntilHandled())).toEqual([]);
      expect(readWithoutKeepAlives(await room.other.waitUntilHandled())).toEqual([]);
      expect(await readLog(room.user)).toEqual(before);
      await expectUndisturbed(room);
    },
  );

  it('a frame truncated at any byte closes its socket with 4400 and changes nothing for other clients', async () => {
    const room = await openThreeSockets();
    const before = await readLog(room.user);
    for (const [what, frame] of TRUNCATED) {
      const bad = await RawSocket.open(room.user, PATH);
      bad.send(frame);
      expect((await bad.closed).code, what).toBe(4400);
    }
    expect(readWithoutKeepAlives(await room.good.waitUntilHandled())).toEqual([]);
    expect(readWithoutKeepAlives(await room.other.waitUntilHandled())).toEqual([]);
    expect(await readLog(room.user)).toEqual(before);
    await expectUndisturbed(room);
  });

  const bodies: [string, Uint8Array][] = [
    ['an empty body', new Uint8Array()],
    ['a length beyond the end', new Uint8Array([200, 1, 2])],
    ['a gigantic length', write(HUGE)],
    ['one array only', new Uint8Array([1, 0])],
    ['random bytes as the update', encodeSyncBody(EMPTY_STATE_VECTOR, new Uint8Array([1, 2, 3, 4, 5]))],
    ['an update of a gigantic number of clients', encodeSyncBody(EMPTY_STATE_VECTOR, write(HUGE))],
    ['random bytes as the state vector', encodeSyncBody(new Uint8Array([200]), new Uint8Array())],
    ['bytes after the update', new Uint8Array([1, 0, 0, 9])],
  ];

  it.each(bodies)('%s is answered 400 and creates no room', async (_, body) => {
    const user = await createRoomUser();
    expect((await user.request('/documents/new', { method: 'POST', body })).status).toBe(400);
    expect((await user.request('/documents/new')).status).toBe(404);
  });

  it.each(bodies)('%s is answered 400 and changes nothing for other clients', async (_, body) => {
    const room = await openThreeSockets();
    const before = await readLog(room.user);
    const response = await room.user.request(PATH, { method: 'POST', body });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      400,
      'application/problem+json',
    ]);
    expect(readWithoutKeepAlives(await room.good.waitUntilHandled())).toEqual([]);
    expect(await readLog(room.user)).toEqual(before);
    await expectUndisturbed(room);
  });
});

describe('a room stores all valid input:', () => {
  it.each(DANGLING_REFERENCES)('%s is stored and relayed like any other update', async (_, frame) => {
    const room = await openThreeSockets();
    const before = await readLog(room.user);
    room.bad.send(frame);
    expect(readWithoutKeepAlives(await room.bad.waitUntilHandled())).toEqual([]);
    expect(await room.good.waitUntilHandled()).toEqual([frame]);
    expect(await room.other.waitUntilHandled()).toEqual([frame]);
    expect(await readLog(room.user)).toHaveLength(before.length + 1);
    await expectUndisturbed(room);
  });

  it('an update that arrives before its dependencies is stored and applied once they arrive', async () => {
    const room = await openThreeSockets();
    const source = createDocWithText('first');
    const first = Y.encodeStateAsUpdate(source);
    source.getText('text').insert(5, ' second');
    const second = Y.encodeStateAsUpdate(source, Y.encodeStateVectorFromUpdate(first));
    room.bad.send(frames.update(second));
    await room.bad.waitUntilHandled();
    expect(readText(await join(await RawSocket.open(room.user, PATH)))).toBe('safe');
    room.good.send(frames.update(first));
    await room.good.waitUntilHandled();
    expect(readText(await join(await RawSocket.open(room.user, PATH)))).toContain('first second');
  });
});

describe('limits of input:', () => {
  it.each(DROPPED_AWARENESS)(
    '%s is dropped, its socket stays open and its next edit is stored',
    async (_, frame) => {
      const { user, bad, good } = await openThreeSockets();
      bad.send(frame);
      const edit = frames.update(Y.encodeStateAsUpdate(createDocWithText('typed')));
      bad.send(edit);
      await bad.waitUntilHandled();
      const relayed = readWithoutKeepAlives(await good.waitUntilHandled());
      expect(relayed.at(-1)).toEqual(read(edit));
      // At most as many clients as one socket may represent.
      const states = relayed.flatMap(({ clients = {} }) => Object.keys(clients));
      expect(states.length).toBeLessThanOrEqual(MAX_AWARENESS_CLIENTS);
      expect(readText(await join(await RawSocket.open(user, PATH)))).toContain('typed');
    },
  );

  it('a client whose awareness exceeds the limit keeps its previous state', async () => {
    const { user, bad, good } = await openThreeSockets();
    bad.send(frames.awareness(1, 1, 'small'));
    bad.send(frames.awareness(1, 2, 'x'.repeat(MAX_AWARENESS_BYTES)));
    await bad.waitUntilHandled();
    // With the newer clock: otherwise its peers would drop it as outdated.
    const small = { type: 'awareness', clients: { 1: 'small' } };
    expect(readWithoutKeepAlives(await good.waitUntilHandled())).toEqual([small, small]);
    const next = await RawSocket.open(user, PATH);
    expect(read(await next.next()).clients).toEqual({ 1: 'small' });
    bad.send(frames.awareness(1, 3, 'small again'));
    await bad.waitUntilHandled();
    expect(read(await next.next()).clients).toEqual({ 1: 'small again' });
  });

  it('a body over the limit is answered 413, by its declared and by its actual length', async () => {
    const user = await createRoomUser();
    const declared = await user.request(PATH, {
      method: 'POST',
      body: new Uint8Array(MAX_BODY_BYTES + 1),
    });
    expect(declared.status).toBe(413);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1_000_000;
        controller.enqueue(new Uint8Array(1_000_000));
      },
    });
    const streamed = await user.request(PATH, { method: 'POST', body: endless });
    expect(streamed.status).toBe(413);
    // The Worker reads on up to a limit, so that the client receives the response.
    expect(sent).toBeLessThan(MAX_BODY_BYTES + MAX_DRAINED_BYTES + 5_000_000);
  });

  it('an update or a state vector over its limit is answered 413', async () => {
    const user = await createRoomUser();
    for (const large of [
      encodeSyncBody(EMPTY_STATE_VECTOR, new Uint8Array(DEFAULT_LIMITS.maxPayloadBytes + 1)),
      encodeSyncBody(new Uint8Array(MAX_STATE_VECTOR_BYTES + 1), new Uint8Array()),
    ]) {
      const response = await user.request(PATH, { method: 'POST', body: large });
      expect([response.status, response.headers.get('content-type')]).toEqual([
        413,
        'application/problem+json',
      ]);
    }
    expect((await user.request(PATH)).status).toBe(404);
  });
});
