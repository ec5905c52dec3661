import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  SILENT_SOCKET_TIMEOUT_MS,
  MAX_SILENCE_MS,
  LAST_HEARD_PRECISION_MS,
} from '../../src/rooms/limits/socket-limits.ts';
import { endClients, startClient } from '../support/client-version.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { removeFolder, startSystemWith, type System, type User } from '../support/system.ts';
import { connectClient } from '../support/yjs-client.ts';
import { until } from '../support/until.ts';
import { migratedFolder } from '../system/site.ts';

/** Half of them are in a process that is stopped, the others behind a network that is cut. */
const MAX_SOCKETS = 12;
const AFTER_MS = MAX_SILENCE_MS + LAST_HEARD_PRECISION_MS;

/**
 * The speed of the rooms' clock. Rooms see the clients send about once a minute, as hidden tabs do, with the real limits
 * and y-websocket's limit of 30 s without a message.
 */
const CLOCK_TIMES = 4;

let folder: string;
let system: System;
let user: User;

beforeAll(async () => {
  folder = await migratedFolder();
  system = await startSystemWith('test/worker/entries/fast-clock.ts', folder, {
    ROOM_MAX_SOCKETS: String(MAX_SOCKETS),
  });
  user = await system.signUp();
});

afterAll(async () => {
  await endClients();
  await killLeftovers();
  await removeFolder(folder);
});

test('vanished clients free the sockets of a full room, and connected clients stay', async () => {
  const serverUrl = `${system.wsOrigin}/documents`;
  const stopped = await startClients(serverUrl, MAX_SOCKETS / 2);
  const network = await startNetwork(new URL(system.origin).port);
  const cutOff = await startClients(`ws://127.0.0.1:${network.port}/documents`, MAX_SOCKETS / 2);
  const [idle, alone] = [
    await connectClient(serverUrl, 'living', user.jwt),
    await connectClient(serverUrl, 'alone', user.jwt),
  ];
  const peer = await connectClient(serverUrl, 'living', user.jwt);
  // An idle client alone in its room sends nothing.
  const partyserver = await startClient('y-partyserver', serverUrl, 'partyserver', {
    params: { token: user.jwt },
  });
  await partyserver.synced();
  peer.provider.awareness.setLocalState(null);
  let closedCount = 0;
  for (const { provider } of [idle, peer, alone]) provider.on('connection-close', () => (closedCount += 1));
  try {
    stopped.kill('SIGSTOP');
    network.cut();
    await fetch(`${system.origin}/clock?times=${CLOCK_TIMES}`, { method: 'POST' });
    await sleep(AFTER_MS / CLOCK_TIMES);
    const newcomer = await connectClient(serverUrl, 'full', await system.mintJwt(user));
    const guest = await connectClient(serverUrl, 'partyserver', await system.mintJwt(user));
    await sleep(SILENT_SOCKET_TIMEOUT_MS + 1_000);
    expect([...newcomer.provider.awareness.getStates().keys()]).toEqual([newcomer.doc.clientID]);
    for (const room of ['living', 'alone']) {
      const joiner = await connectClient(serverUrl, room, await system.mintJwt(user));
      await until('the presence of the connected client', () =>
        joiner.provider.awareness.getStates().size >= 2 ? true : undefined,
      );
      joiner.leave();
    }
    expect(closedCount).toBe(0);
    expect(partyserver.upgrades.map(({ closed }) => closed)).toEqual([null]);
    newcomer.leave();
    guest.leave();
  } finally {
    for (const client of [idle, peer, alone]) client.leave();
    stopped.kill('SIGKILL');
    cutOff.kill('SIGKILL');
    network.close();
  }
});

/** Starts a process with clients in the room `full`; settles once they are connected. */
async function startClients(serverUrl: string, count: number) {
  const script = path.join(import.meta.dirname, '../support/idle-clients.ts');
  const args = [script, serverUrl, 'full', user.jwt, String(count)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

/** A proxy to a local port that can be cut without closing either connection. */
async function startNetwork(to: string) {
  const sockets: Socket[] = [];
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      // A new connection gets no answer either.
      sockets.push(near.pause());
      return;
    }
    const far = connect(Number(to), 'localhost');
    sockets.push(near, far);
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
