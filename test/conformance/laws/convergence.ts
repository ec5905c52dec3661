import { setTimeout as sleep } from 'node:timers/promises';
import { pickBelow } from '../../../scripts/lib/random.ts';
import type { Client } from '../client.ts';
import { getContent, isSame } from '../content.ts';
import { createUpdateFrame } from '../frames.ts';
import { applyRandomEdit } from '../random-edits.ts';
import type { Law, Server } from '../server.ts';
import { require, until } from '../until.ts';

const ROUNDS = 80;

/** Resolves once all clients, and a late joiner, have the same content. */
async function untilConverged(server: Server, room: string, clients: readonly Client[]): Promise<void> {
  const [first, ...others] = clients;
  if (first === undefined) throw new Error('There is no client.');
  await until(
    () =>
      `all clients to have the same content: ${clients.map(({ doc }) => getContent(doc).length).join(', ')} characters`,
    () => others.every((other) => isSame(first.doc, other.doc)),
  );
  const late = await server.join(room);
  require(isSame(
    first.doc,
    late.doc,
  ), 'the clients have the same content, but a late joiner has different content');
}

const convergence =
  (count: number): Law =>
  async (server) => {
    const { random } = server;
    const room = server.room();
    const clients = await server.joinMany(room, count);
    const offline = new Set<Client>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const client of clients) {
        for (let edits = pickBelow(4, random); edits > 0; edits--) applyRandomEdit(client.doc, random);
        if (offline.has(client) && random() < 0.3) {
          client.reconnect();
          offline.delete(client);
        } else if (!offline.has(client) && random() < 0.1) {
          client.disconnect();
          offline.add(client);
        }
      }
      // Frames are in flight during the next edits, a random number of them.
      if (random() < 0.7) await sleep(pickBelow(6, random));
    }
    for (const client of offline) client.reconnect();
    await Promise.all(clients.map((client) => client.synced()));
    await untilConverged(server, room, clients);
  };

export const twoClientsConverge: Law = convergence(2);
export const fiveClientsConverge: Law = convergence(5);

export const partitionedEditsArrive: Law = async (server) => {
  const room = server.room();
  const [first, second] = await server.joinMany(room, 2);
  if (first === undefined || second === undefined) throw new Error('There is no client.');
  first.shared.text.insert(0, 'shared ground');
  await until('the first edit', () => second.shared.text.toJSON() === 'shared ground');
  first.disconnect();
  first.shared.text.insert(0, 'from afar, ');
  second.shared.text.insert(13, ' at home');
  first.reconnect();
  const merged = 'from afar, shared ground at home';
  await until(
    () => `${merged}, and not ${first.shared.text.toJSON()} and ${second.shared.text.toJSON()}`,
    () => [first, second].every(({ shared }) => shared.text.toJSON() === merged),
  );
  await untilConverged(server, room, [first, second]);
};

/** A deletion does not change a state vector. A server that compares only state vectors loses it. */
export const partitionedDeletionsArrive: Law = async (server) => {
  const room = server.room();
  const [first, second] = await server.joinMany(room, 2);
  if (first === undefined || second === undefined) throw new Error('There is no client.');
  first.shared.text.insert(0, 'abcdef');
  await until('the first edit', () => second.shared.text.toJSON() === 'abcdef');
  first.disconnect();
  first.shared.text.delete(0, 2);
  second.shared.text.delete(4, 2);
  first.reconnect();
  await until(
    () => `"cd" on both sides, and not ${first.shared.text.toJSON()} and ${second.shared.text.toJSON()}`,
    () => [first, second].every(({ shared }) => shared.text.toJSON() === 'cd'),
  );
  await untilConverged(server, room, [first, second]);
};

export const updatesOutOfOrderAreKept: Law = async (server) => {
  const room = server.room();
  const observer = await server.join(room);
  const writer = await server.connect(room);
  const frames: Uint8Array[] = [];
  const { doc } = writer;
  doc.on('update', (update: Uint8Array) => frames.push(createUpdateFrame(update)));
  const text = doc.getText('text');
  text.insert(0, 'first ');
  text.insert(6, 'second ');
  text.delete(0, 1);
  text.insert(12, 'third');
  // The last three updates come first, from a socket that closes before the first update comes from another.
  const [start, ...rest] = frames;
  if (start === undefined) throw new Error('There is no edit.');
  for (const frame of rest.toReversed()) writer.send(frame);
  await writer.roundTrip();
  writer.leave();
  const other = await server.connect(room);
  other.send(start);
  await until(
    () => `"irst second third" at a connected client, and not "${observer.shared.text.toJSON()}"`,
    () => observer.shared.text.toJSON() === 'irst second third',
  );
  const late = await server.join(room);
  require(late.shared.text.toJSON() ===
    'irst second third', `a late joiner reads "${late.shared.text.toJSON()}"`);
};
