import { setTimeout as sleep } from 'node:timers/promises';
import * as Y from 'yjs';
import { pickBelow } from '../../../scripts/lib/random.ts';
import { getContent } from '../content.ts';
import { createAwarenessFrame, createStep1, createUpdateFrame } from '../frames.ts';
import type { Law, Server } from '../server.ts';
import { require, until } from '../until.ts';

/** For the server to close the socket or to answer. A law does not depend on it. */
const REACTION_TIMEOUT_MS = 2_000;

function createUpdate(): Uint8Array {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, 'garbage, if you can read this');
  doc.getText('text').delete(0, 3);
  return Y.encodeStateAsUpdate(doc);
}

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

const createGarbage = (): readonly (Uint8Array | string)[] => {
  const frame = createUpdateFrame(createUpdate());
  const awareness = createAwarenessFrame(7, 1, { name: 'garbage' });
  return [
    bytes(),
    // Sync messages: without a step, with an unknown step, without bytes, with a length beyond the frame.
    bytes(0),
    bytes(0, 9, 1, 0),
    bytes(0, 2),
    bytes(0, 2, 200, 1, 0),
    bytes(0, 1, 255, 255, 255, 255, 15),
    // Numbers that do not end, or are too large.
    bytes(...Array<number>(20).fill(255)),
    bytes(0, 0, 3, 255, 255, 255),
    // Unknown types.
    bytes(77, 1, 2, 3),
    bytes(255, 255, 3, 1),
    frame.subarray(0, 1),
    frame.subarray(0, frame.length >> 1),
    frame.subarray(0, frame.length - 1),
    createUpdateFrame(bytes(9, 9, 9, 9, 9)),
    createUpdateFrame(bytes()),
    // Billions of clients, billions of structs.
    createUpdateFrame(bytes(255, 255, 255, 255, 15)),
    createUpdateFrame(bytes(1, 255, 255, 255, 255, 15, 1, 0)),
    createStep1(bytes(255, 255, 255, 255, 15)),
    awareness.subarray(0, awareness.length - 2),
    bytes(1, 6, 1, 7, 1, 2, 123, 34),
    bytes(1, 1, 255),
    'text',
    '{"type":"sync"}',
    '',
  ];
};

/** Two clients edit a room while other sockets send garbage. It affects neither them nor a late joiner. */
async function requireUndisturbed(server: Server, frames: readonly (Uint8Array | string)[]): Promise<void> {
  const room = server.room();
  const [first, second] = await server.joinMany(room, 2);
  if (first === undefined || second === undefined) throw new Error('There is no client.');
  first.shared.text.insert(0, 'before. ');
  await until('the first edit', () => second.shared.text.toJSON() === 'before. ');
  const before = getContent(first.doc);
  for (const frame of frames) {
    const attacker = await server.connect(room);
    attacker.send(frame);
    await untilHandled(attacker);
    attacker.leave();
    const what = `a frame of ${frame.length} (${preview(frame)})`;
    require(first.lostConnections + second.lostConnections === 0, `${what} disconnected other clients`);
    require([first, second].every(({ doc }) => getContent(doc) === before), `${what} changed the document`);
  }
  second.shared.text.insert(8, 'after.');
  await until('an edit after the garbage', () => first.shared.text.toJSON() === 'before. after.');
  require(first.lostConnections + second.lostConnections === 0, 'garbage disconnected other clients');
  const late = await server.join(room);
  const text = late.shared.text.toJSON();
  require(text === 'before. after.', `a late joiner reads "${text}"`);
}

/** The server has handled a frame once it closes the socket or answers the step 1 after the frame. */
async function untilHandled(attacker: Awaited<ReturnType<Server['connect']>>): Promise<void> {
  const before = attacker.received.length;
  if (attacker.isOpen) attacker.send(createStep1(Y.encodeStateVector(new Y.Doc())));
  const deadline = performance.now() + REACTION_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const answered = attacker.received.slice(before).some(({ message }) => message.type === 'step2');
    if (answered || !attacker.isOpen) return;
    await sleep(2);
  }
}

const preview = (frame: Uint8Array | string): string =>
  typeof frame === 'string' ? `text "${frame}"` : Buffer.from(frame.subarray(0, 12)).toString('hex');

export const garbageAffectsNoOtherClient: Law = async (server) => requireUndisturbed(server, createGarbage());

/** Complete frames that hold truncated updates. */
export const truncatedUpdateChangesNothing: Law = async (server) => {
  const update = createUpdate();
  const cuts = [1, 2, update.length - 1, update.length - 2, update.length - 3, update.length - 4];
  for (let count = 0; count < 10; count++) cuts.push(1 + pickBelow(update.length - 1, server.random));
  await requireUndisturbed(
    server,
    cuts.map((length) => createUpdateFrame(update.slice(0, length))),
  );
};
