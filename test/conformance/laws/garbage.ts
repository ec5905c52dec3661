import { setTimeout as sleep } from 'node:timers/promises';
import * as Y from 'yjs';
import { contentOf } from '../content.ts';
import { awarenessFrame, step1, updateFrame } from '../frames.ts';
import { below } from '../random-edits.ts';
import type { Law, Server } from '../server.ts';
import { require, until } from '../until.ts';

/** How long a socket that sent garbage is given to be closed or answered; nothing follows from its length. */
const REACTION_MS = 2_000;

function anUpdate(): Uint8Array {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, 'garbage, if you can read this');
  doc.getText('text').delete(0, 3);
  return Y.encodeStateAsUpdate(doc);
}

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

const unreadable = (): readonly (Uint8Array | string)[] => {
  const frame = updateFrame(anUpdate());
  const awareness = awarenessFrame(7, 1, { name: 'garbage' });
  return [
    bytes(),
    // A sync message without a step, of an unknown step, without its bytes, with a length that is not there.
    bytes(0),
    bytes(0, 9, 1, 0),
    bytes(0, 2),
    bytes(0, 2, 200, 1, 0),
    bytes(0, 1, 255, 255, 255, 255, 15),
    // Numbers that never end, or are too great for one.
    bytes(...Array<number>(20).fill(255)),
    bytes(0, 0, 3, 255, 255, 255),
    // Unknown types.
    bytes(77, 1, 2, 3),
    bytes(255, 255, 3, 1),
    frame.subarray(0, 1),
    frame.subarray(0, frame.length >> 1),
    frame.subarray(0, frame.length - 1),
    updateFrame(bytes(9, 9, 9, 9, 9)),
    updateFrame(bytes()),
    // Claims of billions of clients, and of structs.
    updateFrame(bytes(255, 255, 255, 255, 15)),
    updateFrame(bytes(1, 255, 255, 255, 255, 15, 1, 0)),
    step1(bytes(255, 255, 255, 255, 15)),
    awareness.subarray(0, awareness.length - 2),
    bytes(1, 6, 1, 7, 1, 2, 123, 34),
    bytes(1, 1, 255),
    'text',
    '{"type":"sync"}',
    '',
  ];
};

/** Two who work in a room while another sends garbage to it: they notice nothing, nor does who comes later. */
async function undisturbed(server: Server, frames: readonly (Uint8Array | string)[]): Promise<void> {
  const room = server.room();
  const [one, other] = await server.joinMany(room, 2);
  if (one === undefined || other === undefined) throw new Error('no client');
  one.shared.text.insert(0, 'before. ');
  await until('the first edit', () => other.shared.text.toJSON() === 'before. ');
  const before = contentOf(one.doc);
  for (const frame of frames) {
    const vandal = await server.connect(room);
    vandal.send(frame);
    await reaction(vandal);
    vandal.leave();
    const what = `a frame of ${frame.length} (${preview(frame)})`;
    require(one.lost + other.lost === 0, `${what} cost others their connection`);
    require([one, other].every(({ doc }) => contentOf(doc) === before), `${what} changed the document`);
  }
  other.shared.text.insert(8, 'after.');
  await until('an edit after the garbage', () => one.shared.text.toJSON() === 'before. after.');
  require(one.lost + other.lost === 0, 'garbage cost others their connection');
  const late = await server.join(room);
  const text = late.shared.text.toJSON();
  require(text === 'before. after.', `who joins after the garbage reads "${text}"`);
}

/** A server may close the socket, or ignore the frame and go on; both show that it has handled it. */
async function reaction(vandal: Awaited<ReturnType<Server['connect']>>): Promise<void> {
  const asked = vandal.received.length;
  if (vandal.isOpen) vandal.send(step1(Y.encodeStateVector(new Y.Doc())));
  const deadline = performance.now() + REACTION_MS;
  while (performance.now() < deadline) {
    const answered = vandal.received.slice(asked).some(({ message }) => message.type === 'step2');
    if (answered || !vandal.isOpen) return;
    await sleep(2);
  }
}

const preview = (frame: Uint8Array | string): string =>
  typeof frame === 'string' ? `text "${frame}"` : Buffer.from(frame.subarray(0, 12)).toString('hex');

export const garbageDisturbsNobody: Law = async (server) => undisturbed(server, unreadable());

/** Frames that are whole, around updates that are not. */
export const updateCutShortChangesNothing: Law = async (server) => {
  const update = anUpdate();
  const cuts = [1, 2, update.length - 1, update.length - 2, update.length - 3, update.length - 4];
  for (let count = 0; count < 10; count++) cuts.push(1 + below(update.length - 1, server.random));
  await undisturbed(
    server,
    cuts.map((length) => updateFrame(update.slice(0, length))),
  );
};
