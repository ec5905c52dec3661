import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { frames, join, RawSocket, read, readAwareness, withoutKeepAlives } from '../../support/raw-socket.ts';
import { comeToRest, docWith, person, roomStub, syncOver } from '../../support/room-app.ts';

const text = (doc: Y.Doc) => doc.getText('text').toJSON();

afterEach(() => {
  vi.useRealTimers();
});

describe.each(['workspace', 'document'] as const)('a %s over WebSockets', (type) => {
  const path = `/${type}s/notes`;

  it('shows an update to every other socket and does not echo it to its sender', async () => {
    const someone = await person();
    const [writer, reader] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    const update = Y.encodeStateAsUpdate(docWith('hello'));
    writer.send(frames.update(update));
    expect(read(await reader.next())).toEqual({ type: 'update', update });
    expect(withoutKeepAlives(await writer.untilHandled())).toEqual([]);
  });

  it('answers step 1 to the asker alone, with everything stored and its own step 1', async () => {
    const someone = await person();
    await syncOver(someone, path, docWith('stored before'));
    const [asker, bystander] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    asker.send(frames.step1(Y.encodeStateVector(new Y.Doc())));
    const answers = withoutKeepAlives(await asker.untilHandled());
    expect(answers.map((answer) => answer.type)).toEqual(['step2', 'step1']);
    expect(withoutKeepAlives(await bystander.untilHandled())).toEqual([]);
    expect(text(await join(asker))).toBe('stored before');
  });

  it('stores an update before it acknowledges it: the content outlives the object', async () => {
    const someone = await person();
    const writer = await RawSocket.open(someone, path);
    writer.send(frames.update(Y.encodeStateAsUpdate(docWith('kept'))));
    await writer.untilHandled();
    await evictDurableObject(roomStub(type, someone.userId, 'notes'), { webSockets: 'close' });
    expect(text(await join(await RawSocket.open(someone, path)))).toBe('kept');
  });

  it('goes on after hibernation as if nothing had been: updates flow, awareness is known, nobody is told anything', async () => {
    const someone = await person();
    const [one, two] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    one.send(frames.awareness(1, 1, { name: 'one' }));
    await one.untilHandled();
    await two.untilHandled();
    const seenByTwo = two.received.length;
    await evictDurableObject(roomStub(type, someone.userId, 'notes'));

    const newcomer = await RawSocket.open(someone, path);
    expect(read(await newcomer.next())).toEqual({ type: 'awareness', clients: { 1: { name: 'one' } } });
    expect(two.received).toHaveLength(seenByTwo);
    one.send(frames.update(Y.encodeStateAsUpdate(docWith('after'))));
    expect(read(await two.next()).type).toBe('update');
  });

  it('keeps updates whose dependencies have not arrived, and completes them when they do', async () => {
    const someone = await person();
    const source = docWith('first');
    const first = Y.encodeStateAsUpdate(source);
    const before = Y.encodeStateVector(source);
    source.getText('text').insert(5, ' second');
    const second = Y.encodeStateAsUpdate(source, before);

    const writer = await RawSocket.open(someone, path);
    writer.send(frames.update(second));
    await writer.untilHandled();
    writer.send(frames.update(first));
    await writer.untilHandled();
    expect(text(await join(await RawSocket.open(someone, path)))).toBe('first second');
  });

  it('keeps an update larger than a cell', async () => {
    const someone = await person();
    const large = 'x'.repeat(5_000_001);
    const writer = await RawSocket.open(someone, path);
    writer.send(frames.update(Y.encodeStateAsUpdate(docWith(large))));
    await writer.untilHandled();
    await evictDurableObject(roomStub(type, someone.userId, 'notes'), { webSockets: 'close' });
    const again = await someone.request(path);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, new Uint8Array(await again.arrayBuffer()));
    expect(text(doc) === large).toBe(true);
  });

  it('compacts a long log without changing the content, and never into more bytes', async () => {
    const someone = await person();
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (let index = 0; index < 2_500; index++) doc.getText('text').insert(index, String(index % 10));
    doc.getText('text').delete(10, 1_000);

    const writer = await RawSocket.open(someone, path);
    await writer.sendApart(updates);
    const stub = roomStub(type, someone.userId, 'notes');
    // At its bound a busy room does not wait for a quiet moment.
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
    expect(text(await join(await RawSocket.open(someone, path)))).toBe(text(doc));
  });

  it('compacts a room that has become quiet, by its alarm, and reports the new size', async () => {
    const someone = await person();
    const writer = await RawSocket.open(someone, path);
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (let index = 0; index < 200; index++) doc.getText('text').insert(index, 'x');
    await writer.sendApart(updates);
    const stub = roomStub(type, someone.userId, 'notes');
    const rows = () =>
      runInDurableObject(
        stub,
        (_, { storage }) => storage.sql.exec('SELECT id FROM update_log').toArray().length,
      );
    await runDurableObjectAlarm(stub);
    expect(await rows(), 'not while it is edited').toBe(200);
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec('UPDATE update_log SET at = at - 60000');
    });
    await runDurableObjectAlarm(stub);
    expect(await rows()).toBe(1);
    expect(text(await join(await RawSocket.open(someone, path)))).toBe('x'.repeat(200));
    await comeToRest(stub);
  });

  it('grows by nothing when a client that has everything answers with its deletions', async () => {
    const someone = await person();
    const doc = docWith('some words');
    doc.getText('text').delete(0, 5);
    await syncOver(someone, path, doc);
    const socket = await RawSocket.open(someone, path);
    await join(socket, doc);
    const stub = roomStub(type, someone.userId, 'notes');
    const rows = () =>
      runInDurableObject(
        stub,
        (_, { storage }) => storage.sql.exec('SELECT id FROM update_log').toArray().length,
      );
    const before = await rows();
    socket.send(frames.step2(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(doc))));
    await socket.untilHandled();
    expect(await rows()).toBe(before);
  });

  it('answers a text ping, and closes any other text with 4400', async () => {
    const socket = await RawSocket.open(await person(), path);
    socket.send('ping');
    await socket.untilHandled();
    expect(socket.received).toContain('pong');
    socket.send('hello');
    expect((await socket.closed).code).toBe(4400);
  });
});

describe('awareness', () => {
  const path = '/documents/meeting';

  it('of one leaver alone is cleared, and a newcomer sees everyone else', async () => {
    const someone = await person();
    const [one, two, three] = [
      await RawSocket.open(someone, path),
      await RawSocket.open(someone, path),
      await RawSocket.open(someone, path),
    ];
    one.send(frames.awareness(1, 1, 'one'));
    await one.untilHandled();
    two.send(frames.awareness(2, 1, 'two'));
    await two.untilHandled();
    await three.untilHandled();
    two.socket.close(1000);
    expect(read(await three.next())).toEqual({ type: 'awareness', clients: { 2: null } });
    const newcomer = await RawSocket.open(someone, path);
    expect(read(await newcomer.next())).toEqual({ type: 'awareness', clients: { 1: 'one' } });
  });

  it('that a client sends back about another changes nothing, not even after that one has left', async () => {
    const someone = await person();
    const [one, two] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    one.send(frames.awareness(1, 5, 'one'));
    await one.untilHandled();
    two.send(frames.awareness(2, 1, 'two'));
    two.send(frames.awareness(1, 5, 'one'));
    two.send(frames.awareness(1, 5, null));
    await two.untilHandled();
    expect(withoutKeepAlives(await one.untilHandled()).map((frame) => frame.clients)).toEqual([{ 2: 'two' }]);
    one.socket.close(1000);
    expect(read(await two.next()).clients).toEqual({ 1: null });
    two.send(frames.awareness(1, 5, 'one'));
    await two.untilHandled();
    const newcomer = await RawSocket.open(someone, path);
    expect(read(await newcomer.next()).clients).toEqual({ 2: 'two' });
  });

  it('of a viewer who echoes a leaver’s last word does not bring the leaver back', async () => {
    const someone = await person();
    const [leaver, viewer] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    leaver.send(frames.awareness(1, 5, 'one'));
    leaver.send(frames.awareness(1, 6, null));
    await leaver.untilHandled();
    await viewer.untilHandled();
    viewer.send(frames.awareness(1, 5, 'one'));
    await viewer.untilHandled();
    const newcomer = await RawSocket.open(someone, path);
    expect(withoutKeepAlives(await newcomer.untilHandled())).toEqual([]);
  });

  it('of one who comes back with his old clock is known at once, and he is told to raise it', async () => {
    const someone = await person();
    const [before, other] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    before.send(frames.awareness(1, 5, 'one'));
    await before.untilHandled();
    before.socket.close(1000);
    expect(read(await other.next()).clients).toEqual({ 1: 'one' });
    expect(read(await other.next()).clients).toEqual({ 1: null });
    const after = await RawSocket.open(someone, path);
    after.send(frames.awareness(1, 5, 'one'));
    expect(read(await after.next()).clients).toEqual({ 1: null });
    after.send(frames.awareness(1, 6, 'one'));
    await after.untilHandled();
    expect(withoutKeepAlives(await other.untilHandled()).at(-1)?.clients).toEqual({ 1: 'one' });
  });

  it('over its limit is dropped, and its client keeps the state that it had', async () => {
    const someone = await person();
    const [loud, quiet] = [await RawSocket.open(someone, path), await RawSocket.open(someone, path)];
    loud.send(frames.awareness(1, 1, 'x'.repeat(9_000)));
    loud.send(frames.awareness(2, 1, 'fits'));
    await loud.untilHandled();
    expect(withoutKeepAlives(await quiet.untilHandled())).toEqual([
      { type: 'awareness', clients: { 2: 'fits' } },
    ]);
    loud.send(frames.awareness(2, 2, 'x'.repeat(9_000)));
    await loud.untilHandled();
    const newcomer = await RawSocket.open(someone, path);
    expect((await newcomer.untilHandled()).flatMap(readAwareness)).toEqual([
      { clientId: 2, clock: 2, state: 'fits' },
    ]);
  });
});

describe('bounded: a room at its limits', () => {
  it('closes a socket that sends too fast with 4429, and nobody else’s', async () => {
    const someone = await person();
    const [fast, other] = [
      await RawSocket.open(someone, '/documents/r'),
      await RawSocket.open(someone, '/documents/r'),
    ];
    // Ten seconds' worth at once is allowed (vitest.config.ts sets 1,000 a second), and more as time goes by: it stands still.
    vi.useFakeTimers({ toFake: ['Date'] });
    for (let sent = 0; sent <= 10_000; sent++) fast.send(frames.queryAwareness());
    expect((await fast.closed).code).toBe(4429);
    other.send(frames.update(Y.encodeStateAsUpdate(docWith('undisturbed'))));
    await other.untilHandled();
    expect(text(await join(await RawSocket.open(someone, '/documents/r')))).toBe('undisturbed');
  });

  it('turns a socket too many away with 1013, and takes the next once one has left', async () => {
    const someone = await person();
    const path = '/documents/full';
    const sockets = await Promise.all(Array.from({ length: 20 }, () => RawSocket.open(someone, path)));
    expect((await (await RawSocket.open(someone, path)).closed).code).toBe(1013);
    sockets[0]?.socket.close(1000);
    await sockets[0]?.closed;
    const next = await RawSocket.open(someone, path);
    expect(await next.untilHandled()).toEqual([]);
  });
});

describe('a socket', () => {
  it('whose credential has ended is closed at its next frame, which counts for nothing', async () => {
    const someone = await person({ expiresAt: Date.now() + 30 });
    const socket = await RawSocket.open(someone, '/documents/expired');
    const stub = roomStub('document', someone.userId, 'expired');
    // Without the alarm, which would have closed it first.
    await runInDurableObject(stub, (_, { storage }) => storage.deleteAlarm());
    await new Promise((resolve) => setTimeout(resolve, 40));
    socket.send(frames.update(Y.encodeStateAsUpdate(docWith('too late'))));
    expect((await socket.closed).code).toBe(4511);
    const doc = new Y.Doc();
    await syncOver(someone, '/documents/expired', doc);
    expect(text(doc)).toBe('');
  });

  it('that was sent nothing for long gets a sign of life for its next frame, and only then', async () => {
    const someone = await person();
    const socket = await RawSocket.open(someone, '/documents/lonely');
    await join(socket);
    await evictDurableObject(roomStub('document', someone.userId, 'lonely'));
    socket.send(frames.awareness(1, 1, 'here'));
    expect(read(await socket.next())).toEqual({ type: 'awareness', clients: {} });
    socket.send(frames.awareness(1, 2, 'still here'));
    expect(await socket.untilHandled()).toEqual([]);
  });

  it('that is closed with any code is closed from this side, with one that may be sent', async () => {
    const someone = await person();
    const stub = roomStub('document', someone.userId, 'codes');
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
      await RawSocket.open(someone, '/documents/codes');
      await runInDurableObject(stub, (instance) => {
        const closing = Object.assign(new WebSocketPair()[0], { close: (with_: number) => sent.push(with_) });
        Object.defineProperty(closing, 'readyState', { value: WebSocket.CLOSING });
        instance.webSocketClose(closing, code);
      });
      expect(sent).toEqual([answer]);
    }
  });

  it('that its client closes is closed from this side too', async () => {
    const socket = await RawSocket.open(await person(), '/documents/bye');
    socket.socket.close(1000, 'bye');
    expect((await socket.closed).code).toBe(1000);
  });

  it('does not outlive its credential, even when it is silent', async () => {
    const someone = await person({ expiresAt: Date.now() + 50 });
    const silent = await RawSocket.open(someone, '/documents/short');
    await new Promise((resolve) => setTimeout(resolve, 60));
    await runDurableObjectAlarm(roomStub('document', someone.userId, 'short'));
    expect((await silent.closed).code).toBe(4511);
  });

  it('that was closed from this side is not listened to any more, also after the room has slept', async () => {
    const someone = await person();
    const closed = await RawSocket.open(someone, '/documents/late');
    const stub = roomStub('document', someone.userId, 'late');
    const late = new Uint8Array(frames.update(Y.encodeStateAsUpdate(docWith('too late')))).buffer;
    // As from a client that never answers the closing handshake and goes on sending.
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
    await syncOver(someone, '/documents/late', doc);
    expect(text(doc)).toBe('');
  });

  it('whose credential ends in a far future is watched all the same', async () => {
    const someone = await person({ expiresAt: 8_640_000_000_000_000 });
    const socket = await RawSocket.open(someone, '/documents/far');
    await socket.untilHandled();
    await runDurableObjectAlarm(roomStub('document', someone.userId, 'far'));
    const next = await runInDurableObject(roomStub('document', someone.userId, 'far'), (_, { storage }) =>
      storage.getAlarm(),
    );
    expect(next).toBeLessThan(Date.now() + 8 * 24 * 60 * 60_000);
    expect(next).toBeGreaterThan(Date.now());
  });

  it('is closed with 4410 when its room is deleted, and a new one likewise until the room is recreated, empty', async () => {
    const someone = await person();
    const socket = await RawSocket.open(someone, '/documents/gone');
    socket.send(frames.update(Y.encodeStateAsUpdate(docWith('old'))));
    await socket.untilHandled();
    expect((await someone.request('/documents/gone', { method: 'DELETE' })).status).toBe(204);
    expect((await socket.closed).code).toBe(4410);
    expect((await (await RawSocket.open(someone, '/documents/gone')).closed).code).toBe(4410);
    expect((await someone.request('/documents/gone', { method: 'PUT' })).status).toBe(201);
    expect(text(await join(await RawSocket.open(someone, '/documents/gone')))).toBe('');
  });

  it('gets its plain subprotocol back and never its token', async () => {
    const socket = await RawSocket.open(await person(), '/documents/sub', {
      'sec-websocket-protocol': 'bearer.abc.def.ghi, y-websocket',
    });
    expect(socket.response.headers.get('sec-websocket-protocol')).toBe('y-websocket');
  });
});
