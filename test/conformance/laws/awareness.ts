import { awarenessFrame } from '../frames.ts';
import type { Law } from '../server.ts';
import { require, until } from '../until.ts';

export const newcomerSeesEveryone: Law = async (server) => {
  const room = server.room();
  const clients = await server.joinMany(room, 3);
  clients.forEach((client, index) => client.announce({ name: `client ${index}` }));
  await until('the clients to see each other', () =>
    clients.every((client) => clients.every(({ id }) => client.knows(id) !== undefined)),
  );
  const newcomer = await server.join(room);
  await until('a newcomer to see everyone who is there', () =>
    clients.every(
      ({ id }, index) => JSON.stringify(newcomer.knows(id)) === JSON.stringify({ name: `client ${index}` }),
    ),
  );
};

export const changesReachEveryone: Law = async (server) => {
  const clients = await server.joinMany(server.room(), 3);
  const [one, ...others] = clients;
  if (one === undefined) throw new Error('no client');
  for (let position = 0; position < 20; position++) one.announce({ cursor: position });
  await until('the last of 20 cursors', () =>
    others.every((other) => JSON.stringify(other.knows(one.id)) === '{"cursor":19}'),
  );
};

export const leaverIsClearedAlone: Law = async (server) => {
  const room = server.room();
  const stayers = await server.joinMany(room, 3);
  stayers.forEach((client) => client.announce({ here: true }));
  // Someone whose connection ends without a word, as when a laptop is shut.
  const leaver = await server.connect(room);
  leaver.send(awarenessFrame(leaver.doc.clientID, 1, { here: true }));
  const leaverId = leaver.doc.clientID;
  await until('everyone to see the one who will leave', () =>
    stayers.every((client) => client.knows(leaverId) !== undefined),
  );
  await until('the clients to see each other', () =>
    stayers.every((client) => stayers.every(({ id }) => client.knows(id) !== undefined)),
  );
  leaver.leave();
  await until("the leaver's awareness to be cleared", () =>
    stayers.every((client) => client.knows(leaverId) === undefined),
  );
  const [first, ...others] = stayers;
  if (first === undefined) throw new Error('no client');
  // Whatever else the server has to say about the departure comes before this.
  first.announce({ here: 'still' });
  await until('a change after the departure', () =>
    others.every((client) => JSON.stringify(client.knows(first.id)) === '{"here":"still"}'),
  );
  const wiped = stayers.flatMap(({ removed }) => [...removed].filter((id) => id !== leaverId));
  require(wiped.length === 0, `the awareness of ${new Set(wiped).size} who stayed was cleared as well`);
};

/** Every WebsocketProvider sends back what it is told of others. */
export const echoChangesNothing: Law = async (server) => {
  const room = server.room();
  const [subject, watcher] = await server.joinMany(room, 2);
  if (subject === undefined || watcher === undefined) throw new Error('no client');
  subject.announce({ name: 'subject' });
  const echoer = await server.connect(room);
  const told = (): Uint8Array[] =>
    echoer.received
      .filter(({ message }) => message.type === 'awareness' && message.clientIds.includes(subject.id))
      .map(({ bytes }) => bytes);
  await until('the echoer to be told of the other', () => told().length > 0);
  await until('the watcher to be told of the other', () => watcher.knows(subject.id) !== undefined);
  for (const frame of told()) echoer.send(frame);
  await echoer.roundTrip();
  echoer.send(awarenessFrame(echoer.doc.clientID, 1, {}));
  await until('the watcher to be told of the echoer', () => watcher.knows(echoer.doc.clientID) !== undefined);
  echoer.leave();
  await until('the echoer to be gone', () => watcher.knows(echoer.doc.clientID) === undefined);
  require(!watcher.removed.has(subject.id), 'who was echoed left with the echoer');
  const newcomer = await server.join(room);
  await until(
    'a newcomer to see the one who was echoed',
    () => JSON.stringify(newcomer.knows(subject.id)) === '{"name":"subject"}',
  );
};
