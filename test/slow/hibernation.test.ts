import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAwarenessFrame } from '../conformance/frames.ts';
import { RawClient } from '../conformance/raw-client.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { removeFolder, startSystemWith, type System, type User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { migratedFolder } from '../system/site.ts';

/** workerd hibernates an object with hibernatable sockets after about 10 s without an event, later on a busy machine. */
const IDLE_MS = [12_000, 20_000] as const;
const PING_EVERY_MS = 2_000;

let folder: string;
let system: System;
let user: User;

beforeAll(async () => {
  folder = await migratedFolder();
  system = await startSystemWith('test/worker/entries/watched-rooms.ts', folder);
  user = await system.signUp();
});

afterAll(async () => {
  await killLeftovers();
  await removeFolder(folder);
});

describe('an idle room with open sockets', () => {
  test.concurrent.each(['documents/notes', 'workspaces/notes'])(
    'hibernates (%s), answers pings meanwhile, and keeps relaying updates and awareness',
    async (path) => {
      const [ada, ben, cy] = await openThreeClients(path);
      expect(
        await wakesAfterIdling(path, [ada, ben, cy], (ms) => edit([ada, ben, cy], `after ${ms} ms `)),
      ).toBe(true);
      const newcomer = await join(path);
      await until('the awareness of the others', () =>
        hasAwareness(newcomer, 1) && hasAwareness(newcomer, 2) ? true : undefined,
      );
      await edit([cy, ada, ben, newcomer], 'and ');
    },
  );

  test.concurrent('that wakes for a closed socket sends the removal of its awareness', async () => {
    const [ada, ben, cy] = await openThreeClients('documents/left');
    const leavers = [ben, ada];
    const woke = await wakesAfterIdling('documents/left', [ada, ben, cy], async () => {
      const before = cy.received.length;
      leavers.shift()?.leave();
      await until('the removal of awareness', () =>
        cy.received.slice(before).some(({ message }) => message.type === 'awareness') ? true : undefined,
      );
    });
    expect(woke).toBe(true);
  });

  test.concurrent.each(['documents/held-by-a-timer', 'workspaces/held-by-a-promise'])(
    'does not hibernate while its code prevents it (%s), which this test detects',
    async (path) => {
      const clients = await openThreeClients(path);
      expect(await wakesAfterIdling(path, clients, (ms) => edit(clients, `after ${ms} ms `))).toBe(false);
    },
  );
});

/** Opens three sockets with the same text, two of them with awareness. */
async function openThreeClients(path: string): Promise<[RawClient, RawClient, RawClient]> {
  const [ada, ben, cy] = [await join(path), await join(path), await join(path)];
  ada.send(createAwarenessFrame(1, 1, 'ada'));
  ben.send(createAwarenessFrame(2, 1, 'ben'));
  ada.edit((doc) => doc.getText('text').insert(0, 'hello '));
  for (const reader of [ben, cy]) await waitForText(reader, 'hello ');
  await until('the awareness of both', () =>
    hasAwareness(cy, 1) && hasAwareness(cy, 2) && hasAwareness(ada, 2) ? true : undefined,
  );
  return [ada, ben, cy];
}

/**
 * Lets a room idle while its clients ping, then wakes it. Meanwhile the clients must receive pongs only.
 * @returns whether another instance was started
 */
async function wakesAfterIdling(
  path: string,
  clients: readonly RawClient[],
  wake: (idleMs: number) => Promise<void>,
): Promise<boolean> {
  for (const idleMs of IDLE_MS) {
    const instances = countInstances(path);
    await idle(clients, Math.floor(idleMs / PING_EVERY_MS));
    await wake(idleMs);
    if (countInstances(path) > instances) return true;
  }
  return false;
}

async function idle(clients: readonly RawClient[], pings: number): Promise<void> {
  const before = clients.map(({ received, texts }) => ({ frames: received.length, texts: texts.length }));
  for (let ping = 0; ping < pings; ping++) {
    for (const client of clients) if (client.isOpen) client.send('ping');
    await sleep(PING_EVERY_MS);
  }
  for (const [index, { received, texts, isOpen }] of clients.entries()) {
    if (!isOpen) continue;
    expect(received.slice(before[index]?.frames).map(({ message }) => message)).toEqual([]);
    expect(texts.slice(before[index]?.texts)).toEqual(Array.from({ length: pings }, () => 'pong'));
  }
}

/** One client edits, and the others must receive that update only. */
async function edit([writer, ...readers]: readonly [RawClient, ...RawClient[]], text: string): Promise<void> {
  const before = readers.map(({ received }) => received.length);
  writer.edit((doc) => doc.getText('text').insert(0, text));
  for (const [index, reader] of readers.entries()) {
    await waitForText(reader, text);
    const got = reader.received.slice(before[index]).map(({ message }) => message.type);
    expect(got).toEqual(['update']);
  }
}

/** The number of instances of a room that were started. */
function countInstances(path: string): number {
  const [type = '', name = ''] = path.split('s/');
  return system.lines.filter((line) => line.includes('woke ') && line.includes(`:${type}:${name}`)).length;
}

/** Opens a socket that has received all content and the room's step 1. */
async function join(path: string): Promise<RawClient> {
  const client = await RawClient.open(`${system.wsOrigin}/${path}?token=${user.jwt}`);
  await client.roundTrip();
  // The room's own step 1 comes after its answer to the client's.
  await until('the step 1 of the room', () =>
    client.received.some(({ message }) => message.type === 'step1') ? true : undefined,
  );
  return client;
}

function hasAwareness(client: RawClient, clientId: number): boolean {
  return client.received.some(
    ({ message }) => message.type === 'awareness' && message.clientIds.includes(clientId),
  );
}

async function waitForText(client: RawClient, start: string): Promise<void> {
  await until(`the text ${start}`, () =>
    client.doc.getText('text').toJSON().startsWith(start) ? true : undefined,
  );
}
