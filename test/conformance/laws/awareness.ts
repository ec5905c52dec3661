import { createAwarenessFrame } from '../frames.ts';
import type { Law } from '../server.ts';
import { require, until } from '../until.ts';

export const newcomerSeesAllClients: Law = async (server) => {
  const room = server.room();
  const clients = await server.joinMany(room, 3);
  clients.forEach((client, index) => client.setAwareness({ name: `client ${index}` }));
  await until('the clients to see each other', () =>
    clients.every((client) => clients.every(({ id }) => client.getAwareness(id) !== undefined)),
  );
  const newcomer = await server.join(room);
  await until('a newcomer to see all clients', () =>
    clients.every(
      ({ id }, index) =>
        JSON.stringify(newcomer.getAwareness(id)) === JSON.stringify({ name: `client ${index}` }),
    ),
  );
};

export const changesReachAllClients: Law = async (server) => {
  const clients = await server.joinMany(server.room(), 3);
  const [one, ...others] = clients;
  if (one === undefined) throw new Error('There is no client.');
  for (let position = 0; position < 20; position++) one.setAwareness({ cursor: position });
  await until('the last of 20 cursors', () =>
    others.every((other) => JSON.stringify(other.getAwareness(one.id)) === '{"cursor":19}'),
  );
};

export const onlyLeaverIsCleared: Law = async (server) => {
  const room = server.room();
  const stayers = await server.joinMany(room, 3);
  stayers.forEach((client) => client.setAwareness({ here: true }));
  // A socket that closes without clearing its awareness, as when a laptop is shut.
  const leaver = await server.connect(room);
  leaver.send(createAwarenessFrame(leaver.doc.clientID, 1, { here: true }));
  const leaverId = leaver.doc.clientID;
  await until('all clients to see the leaver', () =>
    stayers.every((client) => client.getAwareness(leaverId) !== undefined),
  );
  await until('the clients to see each other', () =>
    stayers.every((client) => stayers.every(({ id }) => client.getAwareness(id) !== undefined)),
  );
  leaver.leave();
  await until("the leaver's awareness to be cleared", () =>
    stayers.every((client) => client.getAwareness(leaverId) === undefined),
  );
  const [first, ...others] = stayers;
  if (first === undefined) throw new Error('There is no client.');
  // The server sends all messages about the leaver before this change.
  first.setAwareness({ here: 'still' });
  await until('a change after the leaver is gone', () =>
    others.every((client) => JSON.stringify(client.getAwareness(first.id)) === '{"here":"still"}'),
  );
  const cleared = stayers.flatMap(({ removed }) => [...removed].filter((id) => id !== leaverId));
  require(cleared.length ===
    0, `the awareness of ${new Set(cleared).size} clients that stayed was cleared as well`);
};

/** Every WebsocketProvider sends back the awareness of others that it receives. */
export const echoChangesNothing: Law = async (server) => {
  const room = server.room();
  const [subject, observer] = await server.joinMany(room, 2);
  if (subject === undefined || observer === undefined) throw new Error('There is no client.');
  subject.setAwareness({ name: 'subject' });
  const echoer = await server.connect(room);
  const getEchoes = (): Uint8Array[] =>
    echoer.received
      .filter(({ message }) => message.type === 'awareness' && message.clientIds.includes(subject.id))
      .map(({ bytes }) => bytes);
  await until('the echoer to see the subject', () => getEchoes().length > 0);
  await until('the observer to see the subject', () => observer.getAwareness(subject.id) !== undefined);
  for (const frame of getEchoes()) echoer.send(frame);
  await echoer.roundTrip();
  echoer.send(createAwarenessFrame(echoer.doc.clientID, 1, {}));
  await until(
    'the observer to see the echoer',
    () => observer.getAwareness(echoer.doc.clientID) !== undefined,
  );
  echoer.leave();
  await until('the echoer to be gone', () => observer.getAwareness(echoer.doc.clientID) === undefined);
  require(!observer.removed.has(subject.id), 'the subject was removed with the echoer');
  const newcomer = await server.join(room);
  await until(
    'a newcomer to see the subject',
    () => JSON.stringify(newcomer.getAwareness(subject.id)) === '{"name":"subject"}',
  );
};
