import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import {
  frames,
  join,
  RawSocket,
  read,
  readAwareness,
  readWithoutKeepAlives,
} from '../../support/raw-socket.ts';
import {
  runAlarmsUntilIdle,
  createDocWithText,
  createRoomUser,
  getRoomStub,
  syncOverHttp,
} from '../../support/room-app.ts';

const text = (doc: Y.Doc) => doc.getText('text').toJSON();

afterEach(() => {
  vi.useRealTimers();
});

describe.each(['workspace', 'document'] as const)('a %s over WebSockets', (type) => {
  const path = `/${type}s/notes`;

  it('relays an update to every other socket and not to its sender', async () => {
    const user = await createRoomUser();
    const [writer, reader] = [await RawSocket.open(user, path), await RawSocket.open(user, path)];
    const update = Y.encodeStateAsUpdate(createDocWithText('hello'));
    writer.send(frames.update(update));
    expect(read(await reader.next())).toEqual({ type: 'update', update });
    expect(readWithoutKeepAlives(await writer.waitUntilHandled())).toEqual([]);
  });

  it('answers step 1 only to its sender, with all stored content and its own step 1', async () => {
    const user = await createRoomUser();
    await syncOverHttp(user, path, createDocWithText('stored before'));
    const [sender, bystander] = [await RawSocket.open(user, path), await RawSocket.open(user, path)];
    sender.send(frames.step1(Y.encodeStateVector(new Y.Doc())));
    const answers = readWithoutKeepAlives(await sender.waitUntilHandled());
    expect(answers.map((answer) => answer.type)).toEqual(['step2', 'step1']);
    expect(readWithoutKeepAlives(await bystander.waitUntilHandled())).toEqual([]);
    expect(text(await join(sender))).toBe('stored before');
  });

  it('stores an update before it acknowledges it', async () => {
    const user = await createRoomUser();
    const writer = await RawSocket.open(user, path);
    writer.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('kept'))));
    await writer.waitUntilHandled();
    await evictDurableObject(getRoomStub(type, user.userId, 'notes'), { webSockets: 'close' });
    expect(text(await join(await RawSocket.open(user, path)))).toBe('kept');
  });

  it('relays updates and keeps awareness after hibernation, and sends nothing because of it', async () => {
    const user = await createRoomUser();
    const [one, two] = [await RawSocket.open(user, path), await RawSocket.open(user, path)];
    one.send(frames.awareness(1, 1, { name: 'one' }));
    await one.waitUntilHandled();
    await two.waitUntilHandled();
    const seenByTwo = two.received.length;
    await evictDurableObject(getRoomStub(type, user.userId, 'notes'));

    const newcomer = await RawSocket.open(user, path);
    expect(read(await newcomer.next())).toEqual({ type: 'awareness', clients: { 1: { name: 'one' } } });
    expect(two.received).toHaveLength(seenByTwo);
    one.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('after'))));
    expect(read(await two.next()).type).toBe('update');
  });

  it('stores updates before their dependencies arrive, and applies them once these arrive', async () => {
    const user = await createRoomUser();
    const source = createDocWithText('first');
    const first = Y.encodeStateAsUpdate(source);
    const before = Y.encodeStateVector(source);
    source.getText('text').insert(5, ' second');
    const second = Y.encodeStateAsUpdate(source, before);

    const writer = await RawSocket.open(user, path);
    writer.send(frames.update(second));
    await writer.waitUntilHandled();
    writer.send(frames.update(first));
    await writer.waitUntilHandled();
    expect(text(await join(await RawSocket.open(user, path)))).toBe('first second');
  });

  it('stores an update larger than a SQLite value may be', async () => {
    const user = await createRoomUser();
    const large = 'x'.repeat(5_000_001);
    const writer = await RawSocket.open(user, path);
    writer.send(frames.update(Y.encodeStateAsUpdate(createDocWithText(large))));
    await writer.waitUntilHandled();
    await evictDurableObject(getRoomStub(type, user.userId, 'notes'), { webSockets: 'close' });
    const again = await user.request(path);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, new Uint8Array(await again.arrayBuffer()));
    expect(text(doc) === large).toBe(true);
  });

  it('compacts a long log into fewer bytes with the same content', async () => {
    const user = await createRoomUser();
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (let index = 0; index < 2_500; index++) doc.getText('text').insert(index, String(index % 10));
    doc.getText('text').delete(10, 1_000);

    const writer = await RawSocket.open(user, path);
    await writer.sendInTurn(updates);
    const stub = getRoomStub(type, user.userId, 'notes');
    // At its maximum length the log of a busy room is compacted too.
    await runDurableObjectAlarm(stub);
    const count = () =>
      runInDurableObject(stub, (_, { storage }) =>
        storage.sql
          .exec<{ rows: number; bytes: number }>(
            'SELECT count(*) AS rows, sum(length(bytes)) AS bytes FROM update_log',
          )
          .one(),
      );
    const { rows, bytes } = await count();
    expect(rows).toBeLessThan(updates.length / 2);
    expect(bytes).toBeLessThan(updates.reduce((sum, update) => sum + update.byteLength, 0));
    expect(text(await join(await RawSocket.open(user, path)))).toBe(text(doc));
  });

  it('compacts a quiet room in its alarm', async () => {
    const user = await createRoomUser();
    const writer = await RawSocket.open(user, path);
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (let index = 0; index < 200; index++) doc.getText('text').insert(index, 'x');
    await writer.sendInTurn(updates);
    const stub = getRoomStub(type, user.userId, 'notes');
    const rows = () =>
      runInDurableObject(
        stub,
        (_, { storage }) => storage.sql.exec('SELECT id FROM update_log').toArray().length,
      );
    await runDurableObjectAlarm(stub);
    expect(await rows(), 'no compaction while it is edited').toBe(200);
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec('UPDATE update_log SET at = at - 60000');
    });
    await runDurableObjectAlarm(stub);
    expect(await rows()).toBe(1);
    expect(text(await join(await RawSocket.open(user, path)))).toBe('x'.repeat(200));
    await runAlarmsUntilIdle(stub);
  });

  it('stores nothing when an up-to-date client answers with its deletions', async () => {
    const user = await createRoomUser();
    const doc = createDocWithText('some words');
    doc.getText('text').delete(0, 5);
    await syncOverHttp(user, path, doc);
    const socket = await RawSocket.open(user, path);
    await join(socket, doc);
    const stub = getRoomStub(type, user.userId, 'notes');
    const rows = () =>
      runInDurableObject(
        stub,
        (_, { storage }) => storage.sql.exec('SELECT id FROM update_log').toArray().length,
      );
    const before = await rows();
    socket.send(frames.step2(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(doc))));
    await socket.waitUntilHandled();
    expect(await rows()).toBe(before);
  });

  it('answers a text ping, and closes any other text with 4400', async () => {
    const socket = await RawSocket.open(await createRoomUser(), path);
    socket.send('ping');
    await socket.waitUntilHandled();
    expect(socket.received).toContain('pong');
    socket.send('hello');
    expect((await socket.closed).code).toBe(4400);
  });
});

describe('awareness', () => {
  const path = '/documents/meeting';

  it('of a client that leaves is cleared, and a new client sees all others', async () => {
    const user = await createRoomUser();
    const [one, two, three] = [
      await RawSocket.open(user, path),
      await RawSocket.open(user, path),
      await RawSocket.open(user, path),
    ];
    one.send(frames.awareness(1, 1, 'one'));
    await one.waitUntilHandled();
    two.send(frames.awareness(2, 1, 'two'));
    await two.waitUntilHandled();
    await three.waitUntilHandled();
    two.socket.close(1000);
    expect(read(await three.next())).toEqual({ type: 'awareness', clients: { 2: null } });
    const newcomer = await RawSocket.open(user, path);
    expect(read(await newcomer.next())).toEqual({ type: 'awareness', clients: { 1: 'one' } });
  });

  it('that a client echoes about another changes nothing, also after the other has left', async () => {
    const user = await createRoomUser();
    const [one, two] = [await RawSocket.open(user, path), await RawSocket.open(user, path)];
    one.send(frames.awareness(1, 5, 'one'));
    await one.waitUntilHandled();
    two.send(frames.awareness(2, 1, 'two'));
    two.send(frames.awareness(1, 5, 'one'));
    two.send(frames.awareness(1, 5, null));
    await two.waitUntilHandled();
    expect(readWithoutKeepAlives(await one.waitUntilHandled()).map((frame) => frame.clients)).toEqual([
      { 2: 'two' },
    ]);
    one.socket.close(1000);
    expect(read(await two.next()).clients).toEqual({ 1: null });
    two.send(frames.awareness(1, 5, 'one'));
    await two.waitUntilHandled();
    const newcomer = await RawSocket.open(user, path);
    expect(read(await newcomer.next()).clients).toEqual({ 2: 'two' });
  });

  it('that is echoed after its client has left does not restore it', async () => {
    const user = await createRoomUser();
    const [leaver, viewer] = [await RawSocket.open(user, path), await RawSocket.open(user, path)];
    leaver.send(frames.awareness(1, 5, 'one'));
    leaver.send(frames.awareness(1, 6, null));
    await leaver.waitUntilHandled();
    await viewer.waitUntilHandled();
    viewer.send(frames.awareness(1, 5, 'one'));
    await viewer.waitUntilHandled();
    const newcomer = await RawSocket.open(user, path);
    expect(readWithoutKeepAlives(await newcomer.waitUntilHandled())).toEqual([]);
  });

  it('of a client that reconnects with its old clock is visible once it raises the clock, as the room asks', async () => {
    const user = await createRoomUser();
    const [before, other] = [await RawSocket.open(user, path), await RawSocket.open(user, path)];
    before.send(frames.awareness(1, 5, 'one'));
    await before.waitUntilHandled();
    before.socket.close(1000);
    expect(read(await other.next()).clients).toEqual({ 1: 'one' });
    expect(read(await other.next()).clients).toEqual({ 1: null });
    const after = await RawSocket.open(user, path);
    after.send(frames.awareness(1, 5, 'one'));
    expect(read(await after.next()).clients).toEqual({ 1: null });
    after.send(frames.awareness(1, 6, 'one'));
    await after.waitUntilHandled();
    expect(readWithoutKeepAlives(await other.waitUntilHandled()).at(-1)?.clients).toEqual({ 1: 'one' });
  });

  it('over its limit is dropped, and its client keeps its previous state', async () => {
    const user = await createRoomUser();
    const [loud, quiet] = [await RawSocket.open(user, path), await RawSocket.open(user, path)];
    loud.send(frames.awareness(1, 1, 'x'.repeat(9_000)));
    loud.send(frames.awareness(2, 1, 'fits'));
    await loud.waitUntilHandled();
    expect(readWithoutKeepAlives(await quiet.waitUntilHandled())).toEqual([
      { type: 'awareness', clients: { 2: 'fits' } },
    ]);
    loud.send(frames.awareness(2, 2, 'x'.repeat(9_000)));
    await loud.waitUntilHandled();
    const newcomer = await RawSocket.open(user, path);
    expect((await newcomer.waitUntilHandled()).flatMap(readAwareness)).toEqual([
      { clientId: 2, clock: 2, state: 'fits' },
    ]);
  });
});

describe('a room at its limits', () => {
  it('closes a socket that sends too fast with 4429, and no other', async () => {
    const user = await createRoomUser();
    const [fast, other] = [
      await RawSocket.open(user, '/documents/r'),
      await RawSocket.open(user, '/documents/r'),
    ];
    // A burst of 10 s is allowed (1,000 messages a second in vitest.config.ts), so the clock must stand still.
    vi.useFakeTimers({ toFake: ['Date'] });
    for (let sent = 0; sent <= 10_000; sent++) fast.send(frames.queryAwareness());
    expect((await fast.closed).code).toBe(4429);
    other.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('undisturbed'))));
    await other.waitUntilHandled();
    expect(text(await join(await RawSocket.open(user, '/documents/r')))).toBe('undisturbed');
  });

  it('closes a socket over its limit with 1013, and accepts the next once another has left', async () => {
    const user = await createRoomUser();
    const path = '/documents/full';
    const sockets = await Promise.all(Array.from({ length: 20 }, () => RawSocket.open(user, path)));
    expect((await (await RawSocket.open(user, path)).closed).code).toBe(1013);
    sockets[0]?.socket.close(1000);
    await sockets[0]?.closed;
    const next = await RawSocket.open(user, path);
    expect(await next.waitUntilHandled()).toEqual([]);
  });
});

describe('a socket', () => {
  it('whose credential has expired is closed with 4511 at its next frame, which is not stored', async () => {
    const user = await createRoomUser({ expiresAt: Date.now() + 30 });
    const socket = await RawSocket.open(user, '/documents/expired');
    const stub = getRoomStub('document', user.userId, 'expired');
    // Without the alarm, which would close it first.
    await runInDurableObject(stub, (_, { storage }) => storage.deleteAlarm());
    await new Promise((resolve) => setTimeout(resolve, 40));
    socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('too late'))));
    expect((await socket.closed).code).toBe(4511);
    const doc = new Y.Doc();
    await syncOverHttp(user, '/documents/expired', doc);
    expect(text(doc)).toBe('');
  });

  it('that was sent nothing since hibernation gets one keep-alive for its next frame', async () => {
    const user = await createRoomUser();
    const socket = await RawSocket.open(user, '/documents/lonely');
    await join(socket);
    await evictDurableObject(getRoomStub('document', user.userId, 'lonely'));
    socket.send(frames.awareness(1, 1, 'here'));
    expect(read(await socket.next())).toEqual({ type: 'awareness', clients: {} });
    socket.send(frames.awareness(1, 2, 'still here'));
    expect(await socket.waitUntilHandled()).toEqual([]);
  });

  it('that its client closes with any code is closed by the room with a valid code', async () => {
    const user = await createRoomUser();
    const stub = getRoomStub('document', user.userId, 'codes');
    for (const [code, answer] of [
      [1000, 1000],
      [1001, 1001],
      [3000, 3000],
      [4999, 4999],
      [0, 1000],
      [999, 1000],
      [1004, 1000],
      [1005, 1000],
      [1006, 1000],
      [1015, 1000],
      [5000, 1000],
      [65_535, 1000],
    ] as const) {
      const sent: number[] = [];
      await RawSocket.open(user, '/documents/codes');
      await runInDurableObject(stub, (instance) => {
        const closing = Object.assign(new WebSocketPair()[0], { close: (with_: number) => sent.push(with_) });
        Object.defineProperty(closing, 'readyState', { value: WebSocket.CLOSING });
        instance.webSocketClose(closing, code);
      });
      expect(sent).toEqual([answer]);
    }
  });

  it('that its client closes is closed by the room too', async () => {
    const socket = await RawSocket.open(await createRoomUser(), '/documents/bye');
    socket.socket.close(1000, 'bye');
    expect((await socket.closed).code).toBe(1000);
  });

  it('is closed with 4511 when its credential expires, also without a frame', async () => {
    const user = await createRoomUser({ expiresAt: Date.now() + 50 });
    const silent = await RawSocket.open(user, '/documents/short');
    await new Promise((resolve) => setTimeout(resolve, 60));
    await runDurableObjectAlarm(getRoomStub('document', user.userId, 'short'));
    expect((await silent.closed).code).toBe(4511);
  });

  it('that the room has closed cannot store edits, also after hibernation', async () => {
    const user = await createRoomUser();
    const closed = await RawSocket.open(user, '/documents/late');
    const stub = getRoomStub('document', user.userId, 'late');
    const late = new Uint8Array(frames.update(Y.encodeStateAsUpdate(createDocWithText('too late')))).buffer;
    // A client may ignore the closing handshake and continue to send.
    await runInDurableObject(stub, (instance, state) => {
      const [socket] = state.getWebSockets();
      if (socket === undefined) throw new Error('no socket');
      instance.webSocketMessage(socket, new Uint8Array([77]).buffer);
      instance.webSocketMessage(socket, late);
    });
    expect((await closed.closed).code).toBe(4400);
    await evictDurableObject(stub);
    await runInDurableObject(stub, (instance, state) => {
      for (const socket of state.getWebSockets()) instance.webSocketMessage(socket, late);
    });
    const doc = new Y.Doc();
    await syncOverHttp(user, '/documents/late', doc);
    expect(text(doc)).toBe('');
  });

  it('whose credential expires in the far future has an alarm within 8 days', async () => {
    const user = await createRoomUser({ expiresAt: 8_640_000_000_000_000 });
    const socket = await RawSocket.open(user, '/documents/far');
    await socket.waitUntilHandled();
    await runDurableObjectAlarm(getRoomStub('document', user.userId, 'far'));
    const next = await runInDurableObject(getRoomStub('document', user.userId, 'far'), (_, { storage }) =>
      storage.getAlarm(),
    );
    expect(next).toBeLessThan(Date.now() + 8 * 24 * 60 * 60_000);
    expect(next).toBeGreaterThan(Date.now());
  });

  it('is closed with 4410 once its room is deleted, until the room is recreated empty', async () => {
    const user = await createRoomUser();
    const socket = await RawSocket.open(user, '/documents/gone');
    socket.send(frames.update(Y.encodeStateAsUpdate(createDocWithText('old'))));
    await socket.waitUntilHandled();
    expect((await user.request('/documents/gone', { method: 'DELETE' })).status).toBe(204);
    expect((await socket.closed).code).toBe(4410);
    expect((await (await RawSocket.open(user, '/documents/gone')).closed).code).toBe(4410);
    expect((await user.request('/documents/gone', { method: 'PUT' })).status).toBe(201);
    expect(text(await join(await RawSocket.open(user, '/documents/gone')))).toBe('');
  });

  it('gets its plain subprotocol in the response, never its token', async () => {
    const socket = await RawSocket.open(await createRoomUser(), '/documents/sub', {
      'sec-websocket-protocol': 'bearer.abc.def.ghi, y-websocket',
    });
    expect(socket.response.headers.get('sec-websocket-protocol')).toBe('y-websocket');
  });
});
