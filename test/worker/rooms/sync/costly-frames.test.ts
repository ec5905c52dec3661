import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import * as encoding from 'lib0/encoding';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { MAX_RANGES_PER_ROOM, MAX_STATE_VECTOR_BYTES } from '../../../../src/rooms/limits/room-limits.ts';
import {
  MAX_AWARENESS_BYTES,
  MAX_AWARENESS_CLIENTS,
  MAX_AWARENESS_ENTRIES,
} from '../../../../src/rooms/limits/socket-limits.ts';
import { MAX_RANGES_PER_UPDATE, MAX_STRUCT_RANGES_PER_UPDATE } from '../../../../src/yjs/limits.ts';
import { RawSocket, frames, join, readAwareness } from '../../support/raw-socket.ts';
import { createDeletions } from '../../support/many-clients.ts';
import { createRoomUser, getRoomStub, encodeSyncBody } from '../../support/room-app.ts';

function createAwareness(clients: number, state: string): Uint8Array {
  const payload = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, clients);
    for (let client = 0; client < clients; client++) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, 1);
      encoding.writeVarString(encoder, state);
    }
  });
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint8Array(encoder, payload);
  });
}

function createStateVector(bytes: number): Uint8Array {
  const clients = Math.ceil(bytes / 5);
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, clients);
    for (let client = 0; client < clients; client++) {
      encoding.writeVarUint(encoder, 2 ** 21 + client);
      encoding.writeVarUint(encoder, 1);
    }
  });
}

/** An update with one insert by each of N clients. */
function createInserts(clients: number): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, clients);
    for (let client = clients; client > 0; client--) {
      for (const value of [1, client, 0, 4, 1]) encoding.writeVarUint(encoder, value);
      encoding.writeVarString(encoder, 't');
      encoding.writeVarString(encoder, 'x');
    }
    encoding.writeVarUint(encoder, 0);
  });
}

// Without limits the first frame takes minutes, and the others more memory than an object has.
describe('a frame that would cost far more than its size is refused before it is processed:', () => {
  it.each([
    ['an update of too many deletions', frames.update(createDeletions(MAX_RANGES_PER_UPDATE + 1))],
    [
      'an update of inserts by too many clients',
      frames.update(createInserts(MAX_STRUCT_RANGES_PER_UPDATE + 1)),
    ],
    ['a state vector that is too large', frames.step1(createStateVector(MAX_STATE_VECTOR_BYTES))],
  ])('%s', async (_, frame) => {
    const user = await createRoomUser();
    const bystander = await RawSocket.open(user, '/documents/d');
    const sender = await RawSocket.open(user, '/documents/d');
    sender.send(frame);
    expect((await sender.closed).code).toBe(4413);
    expect(await bystander.waitUntilHandled()).toEqual([]);
  });

  it.each([
    ['awareness of as many clients as a message may contain', createAwareness(MAX_AWARENESS_ENTRIES, '1')],
    [
      'awareness of more clients than a message may contain',
      createAwareness(MAX_AWARENESS_ENTRIES + 1, 'null'),
    ],
    [
      'one awareness state that is too large',
      createAwareness(1, `[${'[],'.repeat(MAX_AWARENESS_BYTES / 3)}1]`),
    ],
  ])('%s is relayed only up to the limits', async (_, frame) => {
    const user = await createRoomUser();
    const bystander = await RawSocket.open(user, '/documents/d');
    const sender = await RawSocket.open(user, '/documents/d');
    sender.send(frame);
    await sender.waitUntilHandled();
    const relayed = (await bystander.waitUntilHandled()).flatMap(readAwareness);
    expect(relayed.length).toBeLessThanOrEqual(MAX_AWARENESS_CLIENTS);
  });

  it('a large state vector is still answered', async () => {
    const socket = await RawSocket.open(await createRoomUser(), '/documents/d');
    socket.send(frames.step1(createStateVector(MAX_STATE_VECTOR_BYTES / 2)));
    expect(await socket.waitUntilHandled()).not.toEqual([]);
    expect((await join(socket, new Y.Doc())).getText('text').length).toBe(0);
  });
});

it('an update of too many deletions is answered 413 over HTTP and creates no room', async () => {
  const user = await createRoomUser();
  const post = (update: Uint8Array) =>
    user.request('/documents/d', { method: 'POST', body: encodeSyncBody(new Uint8Array(), update) });
  const refused = await post(createDeletions(MAX_RANGES_PER_UPDATE + 1));
  expect(refused.status).toBe(413);
  expect((await refused.json<{ detail: string }>()).detail).toContain(
    'at most 200000 struct ranges, and 500000 struct and delete ranges together',
  );
  expect((await user.request('/documents/d')).status).toBe(404);
  expect((await post(createDeletions(MAX_STRUCT_RANGES_PER_UPDATE + 1))).status).toBe(200);
});

it('a room refuses updates beyond its limit of struct and delete ranges, also after hibernation', async () => {
  const user = await createRoomUser();
  const stub = getRoomStub('document', user.userId, 'd');
  const post = async (client: number) => {
    const body = encodeSyncBody(new Uint8Array(), createDeletions(MAX_RANGES_PER_ROOM / 5, client));
    const response = await user.request('/documents/d', { method: 'POST', body });
    const message = await response.text();
    await user.settle();
    return response.status === 200 ? 'stored' : message;
  };
  for (let client = 1; client <= 5; client++) {
    expect(await post(client)).toBe('stored');
    // Only a running object can be evicted, and this one may already have stopped.
    await stub.describe();
    await evictDurableObject(stub);
  }
  expect(await post(6)).toContain('500000 struct and delete ranges');
  await runDurableObjectAlarm(stub);
  expect(await post(6), 'compaction keeps every deletion').toContain('500000 struct and delete ranges');
});
