import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { readWranglerToml } from '../../scripts/lib/dev-config.ts';
import { migrateLocalD1 } from '../../scripts/lib/migrate-local-d1.ts';
import { runToEnd } from '../../scripts/lib/processes.ts';
import { localWrangler } from '../../scripts/lib/wrangler.ts';
import { siteAt } from '../../test/support/system.ts';
import type { Contender, StartContender } from './contender.ts';
import { PEERS } from './install-peers.ts';
import { bundlePeer, serve } from './served-workers.ts';
import { ServerProcess } from './server-process.ts';

/** All that can be measured, in the order in which the tables have them. */
export const CONTENDERS: readonly StartContender[] = [
  startRoomkeeper,
  startYWebsocket,
  startHocuspocus,
  startYPartyserver,
  (folder) => startFloor('echo', 'echo (floor)', 'none', folder),
  (folder) => startFloor('echo-stores', 'echo that stores (floor)', 'stored before it is relayed', folder),
];

async function startRoomkeeper(folder: string): Promise<Contender> {
  const raw = await readWranglerToml();
  const out = path.join(folder, 'bundle');
  await runToEnd(localWrangler(['deploy', '--dry-run', '--outdir', out], { home: folder }));
  const data = path.join(folder, 'data');
  await migrateLocalD1({ raw, home: folder, data });
  const server = await serve({
    script: path.join(out, 'index.js'),
    folder: data,
    classes: {
      WORKSPACE_ROOM: 'WorkspaceRoom',
      DOCUMENT_ROOM: 'DocumentRoom',
      ACCOUNT_ERASER: 'AccountEraser',
    },
    // Local data is kept under the preview id (wrangler.toml).
    databases: { DB: 'DB' },
    vars: {
      BETTER_AUTH_SECRET: randomBytes(32).toString('base64url'),
      ROOM_MAX_MESSAGES_PER_SECOND: '1000000',
    },
  });
  const user = await siteAt(server.origin).signUp();
  return contender(server, {
    name: 'Roomkeeper',
    role: 'ours',
    durability: 'stored before it is relayed',
    url: async (room) => {
      const site = siteAt(server.origin);
      return `${site.wsOrigin}/documents/${room}?token=${await site.mintJwt(user)}`;
    },
  });
}

async function startYPartyserver(folder: string): Promise<Contender> {
  const script = await bundlePeer('y-partyserver', folder);
  const server = await serve({ script, folder, classes: { Document: 'Document' } });
  return contender(server, {
    name: 'y-partyserver',
    durability: 'saved 2 to 10 s after it is relayed',
    url: async (room) => `${server.wsOrigin}/parties/document/${room}`,
  });
}

async function startFloor(
  peer: string,
  name: string,
  durability: string,
  folder: string,
): Promise<Contender> {
  const script = await bundlePeer(peer, folder);
  const server = await serve({ script, folder, classes: { Echo: 'Echo' } });
  return contender(server, {
    name,
    role: 'floor',
    durability,
    keepsDocuments: false,
    url: async (room) => `${server.wsOrigin}/${room}`,
  });
}

async function startYWebsocket(folder: string): Promise<Contender> {
  const script = path.join(PEERS, 'node_modules/y-websocket/bin/server.cjs');
  const server = await ServerProcess.start((port) => ({
    args: [script],
    env: { HOST: '127.0.0.1', PORT: String(port), YPERSISTENCE: path.join(folder, 'leveldb') },
  }));
  return contender(server, {
    name: 'y-websocket',
    durability: 'written to LevelDB after it is relayed',
    url: async (room) => `${server.wsOrigin}/${room}`,
  });
}

async function startHocuspocus(folder: string): Promise<Contender> {
  const script = path.join(PEERS, 'hocuspocus.mjs');
  const server = await ServerProcess.start((port) => ({
    args: [script, String(port), path.join(folder, 'db.sqlite')],
  }));
  return contender(server, {
    name: 'Hocuspocus',
    wire: 'hocuspocus',
    durability: 'saved 2 to 10 s after it is relayed',
    url: async (room) => `${server.wsOrigin}/#${room}`,
  });
}

type Described = Pick<Contender, 'name' | 'durability' | 'url'> & Partial<Contender>;

function contender(server: ServerProcess, described: Described): Contender {
  return {
    role: 'peer',
    wire: 'y-websocket',
    keepsDocuments: true,
    ...described,
    get pid() {
      return server.pid;
    },
    start: () => server.start(),
    stop: () => server.stop(),
    kill: () => server.kill(),
  };
}
