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
const NOTHING = Y.encodeStateVector(new Y.Doc());
const textOf = (doc: Y.Doc): string => doc.getText('text').toJSON();

/** Two people in a room who have a word in common, and one who is up to something. */
async function meet(): Promise<{ user: RoomUser; bad: RawSocket; good: RawSocket; other: RawSocket }> {
  const user = await createRoomUser();
  const safe = Object.assign(new Y.Doc(), { clientID: 1 });
  safe.getText('text').insert(0, 'safe');
  await syncOverHttp(user, PATH, safe);
  const [bad, good, other] = await Promise.all([0, 1, 2].map(() => RawSocket.open(user, PATH)));
  if (bad === undefined || good === undefined || other === undefined) throw new Error('three were opened');
  return { user, bad, good, other };
}

/** Those who did nothing are still there, reach each other, and who comes now reads what they wrote. */
async function expectUndisturbed({ user, good, other }: Awaited<ReturnType<typeof meet>>): Promise<void> {
  const more = Object.assign(new Y.Doc(), { clientID: 2 });
  more.getText('text').insert(0, 'more');
  good.send(frames.update(Y.encodeStateAsUpdate(more)));
  await good.waitUntilHandled();
  expect(readWithoutKeepAlives(await other.waitUntilHandled())).toEqual([
    { type: 'update', update: Y.encodeStateAsUpdate(more) },
  ]);
  expect(['safemore', 'moresafe']).toContain(textOf(await join(await RawSocket.open(user, PATH))));
}

const logOf = (user: RoomUser) =>
  runInDurableObject(getRoomStub('document', user.userId, 'd'), (_, { storage }) =>
    storage.sql.exec('SELECT id, hex(bytes) FROM update_log ORDER BY id').toArray(),
  );

describe('nothing malformed gets in:', () => {
  it.each(MALFORMED)(
    '%s is closed with 4400, the log untouched, the others undisturbed',
    async (_, frame) => {
      const room = await meet();
      const before = await logOf(room.user);
      room.bad.send(frame);
      expect((await room.bad.closed).code).toBe(4400);
      expect(readWithoutKeepAlives(await room.good.waitUntilHandled())).toEqual([]);
      expect(readWithoutKeepAlives(await room.other.waitUntilHandled())).toEqual([]);
      expect(await logOf(room.user)).toEqual(before);
      await expectUndisturbed(room);
    },
  );

  it('a frame cut short anywhere is closed with 4400, the log untouched, the others undisturbed', async () => {
    const room = await meet();
    const before = await logOf(room.user);
    for (const [what, frame] of TRUNCATED) {
      const bad = await RawSocket.open(room.user, PATH);
      bad.send(frame);
      expect((await bad.closed).code, what).toBe(4400);
    }
    expect(readWithoutKeepAlives(await room.good.waitUntilHandled())).toEqual([]);
    expect(readWithoutKeepAlives(await room.other.waitUntilHandled())).toEqual([]);
    expect(await logOf(room.user)).toEqual(before);
    await expectUndisturbed(room);
  });

  const bodies: [string, Uint8Array][] = [
    ['an empty body', new Uint8Array()],
    ['a length beyond the end', new Uint8Array([200, 1, 2])],
    ['a gigantic length', write(HUGE)],
    ['one array only', new Uint8Array([1, 0])],
    ['garbage for an update', encodeSyncBody(NOTHING, new Uint8Array([1, 2, 3, 4, 5]))],
    ['an update of a gigantic number of clients', encodeSyncBody(NOTHING, write(HUGE))],
    ['garbage for a state vector', encodeSyncBody(new Uint8Array([200]), new Uint8Array())],
    ['bytes after the update', new Uint8Array([1, 0, 0, 9])],
  ];

  it.each(bodies)('%s is answered 400 and brings no room into being', async (_, body) => {
    const user = await createRoomUser();
    expect((await user.request('/documents/new', { method: 'POST', body })).status).toBe(400);
    expect((await user.request('/documents/new')).status).toBe(404);
  });

  it.each(bodies)('%s is answered 400, the log untouched, the others undisturbed', async (_, body) => {
    const room = await meet();
    const before = await logOf(room.user);
    const response = await room.user.request(PATH, { method: 'POST', body });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      400,
      'application/problem+json',
    ]);
    expect(readWithoutKeepAlives(await room.good.waitUntilHandled())).toEqual([]);
    expect(await logOf(room.user)).toEqual(before);
    await expectUndisturbed(room);
  });
});

describe('nothing valid is lost:', () => {
  it.each(DANGLING_REFERENCES)(
    '%s is stored and relayed like any other update, and disturbs nobody',
    async (_, frame) => {
      const room = await meet();
      const before = await logOf(room.user);
      room.bad.send(frame);
      expect(readWithoutKeepAlives(await room.bad.waitUntilHandled())).toEqual([]);
      expect(await room.good.waitUntilHandled()).toEqual([frame]);
      expect(await room.other.waitUntilHandled()).toEqual([frame]);
      expect(await logOf(room.user)).toHaveLength(before.length + 1);
      await expectUndisturbed(room);
    },
  );

  it('an update whose dependencies come later is stored, and complete once they do', async () => {
    const room = await meet();
    const source = createDocWithText('first');
    const first = Y.encodeStateAsUpdate(source);
    source.getText('text').insert(5, ' second');
    const second = Y.encodeStateAsUpdate(source, Y.encodeStateVectorFromUpdate(first));
    room.bad.send(frames.update(second));
    await room.bad.waitUntilHandled();
    expect(textOf(await join(await RawSocket.open(room.user, PATH)))).toBe('safe');
    room.good.send(frames.update(first));
    await room.good.waitUntilHandled();
    expect(textOf(await join(await RawSocket.open(room.user, PATH)))).toContain('first second');
  });
});

describe('bounded:', () => {
  it.each(DROPPED_AWARENESS)(
    '%s is dropped, its socket stays open and its next edit is stored',
    async (_, frame) => {
      const { user, bad, good } = await meet();
      bad.send(frame);
      const edit = frames.update(Y.encodeStateAsUpdate(createDocWithText('typed')));
      bad.send(edit);
      await bad.waitUntilHandled();
      const relayed = readWithoutKeepAlives(await good.waitUntilHandled());
      expect(relayed.at(-1)).toEqual(read(edit));
      // Not more clients than one socket may speak for.
      const states = relayed.flatMap(({ clients = {} }) => Object.keys(clients));
      expect(states.length).toBeLessThanOrEqual(MAX_AWARENESS_CLIENTS);
      expect(textOf(await join(await RawSocket.open(user, PATH)))).toContain('typed');
    },
  );

  it('a client whose awareness is over the limit keeps the state that it had', async () => {
    const { user, bad, good } = await meet();
    bad.send(frames.awareness(1, 1, 'small'));
    bad.send(frames.awareness(1, 2, 'x'.repeat(MAX_AWARENESS_BYTES)));
    await bad.waitUntilHandled();
    // With its newer clock too, or its peers would drop it as outdated.
    const small = { type: 'awareness', clients: { 1: 'small' } };
    expect(readWithoutKeepAlives(await good.waitUntilHandled())).toEqual([small, small]);
    const next = await RawSocket.open(user, PATH);
    expect(read(await next.next()).clients).toEqual({ 1: 'small' });
    bad.send(frames.awareness(1, 3, 'small again'));
    await bad.waitUntilHandled();
    expect(read(await next.next()).clients).toEqual({ 1: 'small again' });
  });

  it('a body over the bound is answered 413, by its declared length and by its real one', async () => {
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
    // So that its sender hears the answer it is read on for a while, and then no more.
    expect(sent).toBeLessThan(MAX_BODY_BYTES + MAX_DRAINED_BYTES + 5_000_000);
  });

  it('an update over its limit is answered 413, and so is a state vector', async () => {
    const user = await createRoomUser();
    for (const large of [
      encodeSyncBody(NOTHING, new Uint8Array(DEFAULT_LIMITS.maxPayloadBytes + 1)),
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
