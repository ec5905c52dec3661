import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client.ts';
import { contentOf, same } from '../content.ts';
import { updateFrame } from '../frames.ts';
import { below, editAtRandom } from '../random-edits.ts';
import type { Law, Server } from '../server.ts';
import { require, until } from '../until.ts';

const ROUNDS = 80;

/** Settles once all of them, and one who joins only now, have the same. */
async function agree(server: Server, room: string, clients: readonly Client[]): Promise<void> {
  const [first, ...others] = clients;
  if (first === undefined) throw new Error('no client');
  await until(
    () => `all clients to agree: ${clients.map(({ doc }) => contentOf(doc).length).join(', ')} characters`,
    () => others.every((other) => same(first.doc, other.doc)),
  );
  const late = await server.join(room);
  require(same(first.doc, late.doc), 'the clients agree, but one who joins afterwards gets something else');
}

const convergence =
  (count: number): Law =>
  async (server) => {
    const { random } = server;
    const room = server.room();
    const clients = await server.joinMany(room, count);
    const away = new Set<Client>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const client of clients) {
        for (let edits = below(4, random); edits > 0; edits--) editAtRandom(client.doc, random);
        if (away.has(client) && random() < 0.3) {
          client.comeBack();
          away.delete(client);
        } else if (!away.has(client) && random() < 0.1) {
          client.depart();
          away.add(client);
        }
      }
      // Frames are on their way while the next edits are made, more of them at some times than at others.
      if (random() < 0.7) await sleep(below(6, random));
    }
    for (const client of away) client.comeBack();
    await Promise.all(clients.map((client) => client.synced()));
    await agree(server, room, clients);
  };

export const twoConverge: Law = convergence(2);
export const fiveConverge: Law = convergence(5);

export const editsOfAPartitionArrive: Law = async (server) => {
  const room = server.room();
  const [one, other] = await server.joinMany(room, 2);
  if (one === undefined || other === undefined) throw new Error('no client');
  one.shared.text.insert(0, 'shared ground');
  await until('the first edit', () => other.shared.text.toJSON() === 'shared ground');
  one.depart();
  one.shared.text.insert(0, 'from afar, ');
  other.shared.text.insert(13, ' at home');
  one.comeBack();
  const whole = 'from afar, shared ground at home';
  await until(
    () => `${whole}, and not ${one.shared.text.toJSON()} and ${other.shared.text.toJSON()}`,
    () => [one, other].every(({ shared }) => shared.text.toJSON() === whole),
  );
  await agree(server, room, [one, other]);
};

/** A deletion does not change a state vector: a server that compares no more than that loses it. */
export const deletionsOfAPartitionArrive: Law = async (server) => {
  const room = server.room();
  const [one, other] = await server.joinMany(room, 2);
  if (one === undefined || other === undefined) throw new Error('no client');
  one.shared.text.insert(0, 'abcdef');
  await until('the first edit', () => other.shared.text.toJSON() === 'abcdef');
  one.depart();
  one.shared.text.delete(0, 2);
  other.shared.text.delete(4, 2);
  one.comeBack();
  await until(
    () => `"cd" on both sides, and not ${one.shared.text.toJSON()} and ${other.shared.text.toJSON()}`,
    () => [one, other].every(({ shared }) => shared.text.toJSON() === 'cd'),
  );
  await agree(server, room, [one, other]);
};

export const updatesOutOfOrderAreKept: Law = async (server) => {
  const room = server.room();
  const watcher = await server.join(room);
  const writer = await server.connect(room);
  const frames: Uint8Array[] = [];
  const { doc } = writer;
  doc.on('update', (update: Uint8Array) => frames.push(updateFrame(update)));
  const text = doc.getText('text');
  text.insert(0, 'first ');
  text.insert(6, 'second ');
  text.delete(0, 1);
  text.insert(12, 'third');
  // The last three first, by someone who is gone when the rest comes from another socket.
  const [start, ...rest] = frames;
  if (start === undefined) throw new Error('no edit');
  for (const frame of rest.toReversed()) writer.send(frame);
  await writer.roundTrip();
  writer.leave();
  const second = await server.connect(room);
  second.send(start);
  await until(
    () => `"irst second third" at a client that was there, and not "${watcher.shared.text.toJSON()}"`,
    () => watcher.shared.text.toJSON() === 'irst second third',
  );
  const late = await server.join(room);
  require(late.shared.text.toJSON() ===
    'irst second third', `a late joiner reads "${late.shared.text.toJSON()}"`);
};
