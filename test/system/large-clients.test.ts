import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { MAX_PLATFORM_MESSAGE_BYTES } from '../../src/rooms/limits/room-limits.ts';
import { MAX_AWARENESS_BYTES } from '../../src/rooms/limits/socket-limits.ts';
import { CLIENT_VERSIONS, type ClientVersion } from '../clients/messages.ts';
import { endClients, isRefused, type RunningClient, startClient } from '../support/client-version.ts';
import type { User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { connectClient, type YjsClient } from '../support/yjs-client.ts';
import { site } from './site.ts';

const MIB = 1024 * 1024;
/** What updates were limited to once. */
const FORMER_MAX_BYTES = 16 * MIB;
/** Of an edit among many. */
const PAGE_CHARACTERS = 10_000;
/** What a client sends beside its edits: frames of awareness and state vectors. */
const SENT_BESIDE_BYTES = MIB / 4;
const AVATAR_BYTES = 9_000;

/**
 * The oldest, the newest, and the one of Yjs 14. Each has tens of megabytes written, sent, stored and read, which takes seconds;
 * the versions between write the same frames, with the same Yjs.
 */
const SOME_VERSIONS = ['y-websocket-1.3', 'y-websocket-3.1', '@y/websocket'] as const;

const serverUrl = `${site.wsOrigin}/documents`;
let user: User;

beforeAll(async () => {
  user = await site.signUp();
});

afterEach(endClients);

/** A client in a room of its own, and another one that sees what is stored. */
async function startPair(version: ClientVersion): Promise<{ client: RunningClient; peer: YjsClient }> {
  const room = randomUUID();
  const peer = await connectClient(serverUrl, room, user.jwt);
  const client = await startClient(version, serverUrl, room, { params: { token: user.jwt } });
  await client.synced();
  return { client, peer };
}

/** Peers are shown what is stored, and nothing else. */
async function untilStored(peer: YjsClient, characters: number): Promise<void> {
  const text = peer.doc.getText('text');
  await until(`${characters} characters to be stored`, () => (text.length === characters ? true : undefined));
}

const sentBytes = ({ upgrades }: RunningClient): number =>
  upgrades.reduce((sum, upgrade) => sum + upgrade.sentBytes, 0);

test.each(CLIENT_VERSIONS)(
  'awareness over the limit closes no socket and loses no edits: %s',
  async (version) => {
    expect(AVATAR_BYTES).toBeGreaterThan(MAX_AWARENESS_BYTES);
    const { client, peer } = await startPair(version);
    const users = () =>
      [...peer.provider.awareness.getStates().values()].flatMap(({ user: shown }) => shown ?? []);
    client.send({ do: 'set-awareness', field: 'user', value: { name: 'Ada' } });
    await until('Ada to be present', () => (users().length > 0 ? true : undefined));

    const avatar = 'x'.repeat(AVATAR_BYTES);
    client.send({ do: 'set-awareness', field: 'user', value: { name: 'Ada', avatar } });
    client.send({ do: 'type', text: 'a', times: 10 });
    await untilStored(peer, 10);
    expect(users()).toEqual([{ name: 'Ada' }]);
    expect(client.upgrades).toHaveLength(1);

    // It brings its avatar when it connects, too.
    client.send({ do: 'disconnect' });
    client.send({ do: 'type', text: 'b', times: 10 });
    client.send({ do: 'connect' });
    await untilStored(peer, 20);
    client.send({ do: 'type', text: 'c', times: 10 });
    await untilStored(peer, 30);
    expect(client.upgrades).toHaveLength(2);
    expect(client.upgrades.filter(isRefused)).toEqual([]);
    peer.leave();
  },
);

test.each(SOME_VERSIONS)('an update of 17 MiB is sent once and stored: %s', async (version) => {
  const { client, peer } = await startPair(version);
  client.send({ do: 'insert', index: 0, text: 'x'.repeat(17 * MIB) });
  await untilStored(peer, 17 * MIB);
  expect(client.upgrades).toHaveLength(1);
  expect(sentBytes(client)).toBeLessThan(17 * MIB + SENT_BESIDE_BYTES);
  peer.leave();
});

test.each(SOME_VERSIONS)(
  'offline edits of more than 16 MiB are sent once and stored: %s',
  async (version) => {
    const { client, peer } = await startPair(version);
    const pages = Math.ceil((17 * MIB) / PAGE_CHARACTERS);
    client.send({ do: 'disconnect' });
    client.send({ do: 'type', text: 'x'.repeat(PAGE_CHARACTERS), times: pages });
    client.send({ do: 'connect' });
    await untilStored(peer, pages * PAGE_CHARACTERS);
    expect(client.upgrades).toHaveLength(2);
    expect(sentBytes(client)).toBeGreaterThan(FORMER_MAX_BYTES);
    expect(sentBytes(client)).toBeLessThan(pages * PAGE_CHARACTERS + SENT_BESIDE_BYTES);
    peer.leave();
  },
);

test('an update over the platform limit is sent once, and the next upgrade gets the reason', async () => {
  const versions = ['y-websocket-2.1', 'y-websocket-3.1'] as const;
  const clients = await Promise.all(
    versions.map(async (version) => {
      const { client, peer } = await startPair(version);
      peer.leave();
      client.send({ do: 'insert', index: 0, text: 'x'.repeat(MAX_PLATFORM_MESSAGE_BYTES) });
      return client;
    }),
  );
  for (const client of clients) {
    await until('the second refusal', () =>
      client.upgrades.filter(isRefused).length >= 2 ? true : undefined,
    );
    const codes = client.upgrades.map(({ closed }) => closed?.code);
    // The platform itself sends 1009, on which every client reconnects.
    expect(codes.slice(0, 2)).toEqual([1009, 4413]);
  }
  const newest = clients.find(({ version }) => version === 'y-websocket-3.1');
  expect(newest?.upgrades).toHaveLength(2);
});
