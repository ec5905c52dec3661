import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { CLIENT_VERSIONS, type ClientStart } from '../clients/messages.ts';
import { endClients, type RunningClient, startClient } from '../support/client-version.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { removeFolder, type Site, siteAt, startSystem } from '../support/system.ts';
import { migratedFolder } from './site.ts';

/** How long the clients are watched, and how often each may come in that time. */
const WATCHED_MS = 20_000;
const MAX_UPGRADES = 10;

/** A first refusal is not held; the rest is a busy machine. */
const FIRST_ANSWER_MS = 5_000;

const ROOM_MAX_BYTES = 100_000;
const ROOM_MAX_SOCKETS = 3;

const site = siteAt(inject('siteOrigin'));
let folder: string;
let smallRooms: Site;

beforeAll(async () => {
  folder = await migratedFolder();
  const env = { ROOM_MAX_BYTES: String(ROOM_MAX_BYTES), ROOM_MAX_SOCKETS: String(ROOM_MAX_SOCKETS) };
  smallRooms = await startSystem({ persistTo: folder, mirror: false, env });
});

afterEach(endClients);

afterAll(async () => {
  await killLeftovers();
  await removeFolder(folder);
});

interface Refused {
  readonly serverUrl: string;
  readonly room: string;
  readonly options: Partial<ClientStart>;
}

/** What makes a client that connects like this be refused, and the code that it is refused with. */
const REFUSALS: readonly [what: string, code: number, prepare: () => Promise<Refused>][] = [
  ['a token that is none', 4401, async () => refusedAt(site, { params: { token: 'none' } })],
  [
    'a token of another issuer, expired or not',
    4401,
    async () => {
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime('-1s')
        .sign(new Uint8Array(32));
      return refusedAt(site, { params: { token } });
    },
  ],
  [
    'a session that has ended',
    4401,
    async () => {
      const user = await site.signUp();
      await fetch(`${site.origin}/api/auth/sign-out`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${user.token}` },
        body: '{}',
      });
      return refusedAt(site, { params: { token: user.jwt } });
    },
  ],
  [
    'a room that was deleted',
    4410,
    async () => {
      const user = await site.signUp();
      const room = randomUUID();
      const headers = { authorization: `Bearer ${user.token}` };
      for (const method of ['PUT', 'DELETE'])
        await fetch(`${site.origin}/documents/${room}`, { method, headers });
      return refusedAt(site, { params: { token: user.jwt } }, room);
    },
  ],
  [
    'a room of another user',
    4403,
    async () => {
      const [user, other] = [await site.signUp(), randomUUID()];
      return {
        ...refusedAt(site, { params: { token: user.jwt } }),
        serverUrl: `${site.wsOrigin}/users/${other}/documents`,
      };
    },
  ],
  [
    'a name over its limit',
    4400,
    async () => {
      const user = await site.signUp();
      return refusedAt(site, { params: { token: user.jwt } }, 'x'.repeat(257));
    },
  ],
  [
    'a room without space for the edit',
    4413,
    async () => {
      const user = await smallRooms.signUp();
      return refusedAt(smallRooms, { params: { token: user.jwt }, text: 'x'.repeat(2 * ROOM_MAX_BYTES) });
    },
  ],
  [
    'a room that has its sockets',
    1013,
    async () => {
      const user = await smallRooms.signUp();
      const room = randomUUID();
      const params = { token: user.jwt };
      for (let socket = 0; socket < ROOM_MAX_SOCKETS; socket++) {
        const client = await startClient('y-websocket-3.1', `${smallRooms.wsOrigin}/documents`, room, {
          params,
        });
        await client.synced();
      }
      return refusedAt(smallRooms, { params }, room);
    },
  ],
];

function refusedAt({ wsOrigin }: Site, options: Partial<ClientStart>, room: string = randomUUID()): Refused {
  return { serverUrl: `${wsOrigin}/documents`, room, options };
}

function upgradesWithin({ upgrades }: RunningClient, ms: number): number {
  const first = upgrades[0]?.startedAt ?? 0;
  return upgrades.filter(({ startedAt }) => startedAt - first < ms).length;
}

describe.each(REFUSALS)('%s', (_, code, prepare) => {
  test(`brings no unmodified client to more than ${MAX_UPGRADES} upgrades in ${WATCHED_MS / 1000} s, and y-websocket 3.1 learns ${code} at once`, async () => {
    const { serverUrl, room, options } = await prepare();
    const clients: RunningClient[] = [];
    // Each version by itself: a user agent of its own, as browsers have.
    for (const version of CLIENT_VERSIONS) {
      const headers = { 'user-agent': version };
      clients.push(await startClient(version, serverUrl, room, { ...options, headers }));
    }
    await Promise.all(clients.map((client) => client.refused()));
    await sleep(WATCHED_MS);
    const counts = clients.map((client) => ({
      version: client.version,
      upgrades: upgradesWithin(client, WATCHED_MS),
      code: client.upgrades[0]?.closed?.code,
    }));
    console.log(JSON.stringify(counts));
    for (const { version, upgrades, code: first } of counts) {
      expect(upgrades, version).toBeLessThanOrEqual(MAX_UPGRADES);
      expect(first, version).toBe(code);
    }
    const newest = clients.find(({ version }) => version === 'y-websocket-3.1')?.upgrades ?? [];
    if (code !== 1013) expect(newest).toHaveLength(1);
    const [{ startedAt, closed } = { startedAt: 0, closed: null }] = newest;
    expect((closed?.at ?? Infinity) - startedAt).toBeLessThan(FIRST_ANSWER_MS);
  });
});
