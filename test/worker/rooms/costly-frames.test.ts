import * as encoding from 'lib0/encoding';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { MAX_AWARENESS_BYTES, MAX_AWARENESS_ENTRIES, MAX_STEP1_BYTES } from '../../../src/rooms/limits.ts';
import { RawSocket, frames, join } from '../support/raw-socket.ts';
import { person } from '../support/room-app.ts';

function awarenessOf(clients: number, state: string): Uint8Array {
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

function stateVectorOf(bytes: number): Uint8Array {
  const clients = Math.ceil(bytes / 5);
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, clients);
    for (let client = 0; client < clients; client++) {
      encoding.writeVarUint(encoder, 2 ** 21 + client);
      encoding.writeVarUint(encoder, 1);
    }
  });
}

// Before there were bounds for them, the first took minutes, and the others more memory than an object has.
describe('a frame that costs far more than its bytes is refused before it costs, and the room goes on', () => {
  it.each([
    ['awareness of as many clients as a message may be about', awarenessOf(MAX_AWARENESS_ENTRIES, '1')],
    ['awareness of more clients than a message may be about', awarenessOf(MAX_AWARENESS_ENTRIES + 1, 'null')],
    ['one awareness state that is too large', awarenessOf(1, `[${'[],'.repeat(MAX_AWARENESS_BYTES / 3)}1]`)],
    ['a state vector that is too large', frames.step1(stateVectorOf(MAX_STEP1_BYTES))],
  ])('%s', async (_, frame) => {
    const someone = await person();
    const bystander = await RawSocket.open(someone, '/documents/d');
    const sender = await RawSocket.open(someone, '/documents/d');
    sender.send(frame);
    expect((await sender.closed).code).toBe(1009);
    expect(await bystander.untilHandled()).toEqual([]);
  });

  it('a large state vector is still answered', async () => {
    const socket = await RawSocket.open(await person(), '/documents/d');
    socket.send(frames.step1(stateVectorOf(MAX_STEP1_BYTES / 2)));
    expect(await socket.untilHandled()).not.toEqual([]);
    expect((await join(socket, new Y.Doc())).getText('text').length).toBe(0);
  });
});
