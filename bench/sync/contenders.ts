import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readWranglerToml } from '../../scripts/lib/wrangler-toml.ts';
import { migrateLocalD1 } from '../../scripts/lib/migrate-local-d1.ts';
import { runToEnd } from '../../scripts/lib/processes.ts';
import { localWrangler } from '../../scripts/lib/wrangler.ts';
import { siteAt } from '../../test/support/system.ts';
import type { Contender, StartContender } from './contender.ts';
import { PEERS } from './install-peers.ts';
import { bundlePeer, serve } from './served-workers.ts';
import { ServerProcess } from './server-process.ts';

/** Hocuspocus and y-partyserver save 2 s after the last edit, and where those do not end 10 s after the first. */
const DEBOUNCE_MS = 2_000;

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
      USER_MAX_ROOMS: '1000000',
      USER_MAX_ROOMS_PER_HOUR: '1000000',
    },
  });
  const user = await siteAt(server.origin).signUp();
  return contender(server, {
    name: 'Roomkeeper',
    role: 'ours',
    durability: 'stored before it is relayed',
    acknowledges: 'stored',
    hibernates: true,
    storedBytes: async (room) => {
      const headers = { authorization: `Bearer ${user.token}` };
      const response = await fetch(`${server.origin}/documents/${room}`, { method: 'PUT', headers });
      return Created.parse(await response.json()).storageBytes;
    },
    url: async (room) => {
      const site = siteAt(server.origin);
      return `${site.wsOrigin}/documents/${room}?token=${await site.mintJwt(user)}`;
    },
  });
}

/** What a PUT of a room that is there answers with. */
const Created = z.object({ storageBytes: z.number() });

async function startYPartyserver(folder: string): Promise<Contender> {
  const script = await bundlePeer('y-partyserver', folder);
  const server = await serve({ script, folder, classes: { Document: 'Document' } });
  return contender(server, {
    name: 'y-partyserver',
    durability: 'saved 2 to 10 s after it is relayed',
    saveWithinMs: DEBOUNCE_MS,
    // As its README has it: in one value, which Durable Objects take up to here.
    maxDocumentBytes: 2_000_000,
    storedBytes: async (room) =>
      Number(await (await fetch(`${server.origin}/parties/document/${room}`)).text()),
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
    keepsOnePaste: peer === 'echo',
    hibernates: true,
    storedBytes: async () => Number.NaN,
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
    storedBytes: () => bytesIn(path.join(folder, 'leveldb')),
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
    saveWithinMs: DEBOUNCE_MS,
    acknowledges: 'in the memory of the server',
    storedBytes: () => bytesIn(folder),
    url: async (room) => `${server.wsOrigin}/#${room}`,
  });
}

/** What is in the files of a folder, and of those in it. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  // One may go while they are counted.
  const sizes = names.map((name) =>
    stat(path.join(folder, name)).then(
      (entry) => (entry.isFile() ? entry.size : 0),
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

type Described = Pick<Contender, 'name' | 'durability' | 'storedBytes' | 'url'> & Partial<Contender>;

function contender(server: ServerProcess, described: Described): Contender {
  return {
    role: 'peer',
    wire: 'y-websocket',
    keepsDocuments: true,
    keepsOnePaste: true,
    saveWithinMs: 0,
    acknowledges: null,
    hibernates: false,
    maxDocumentBytes: Infinity,
    ...described,
    get pid() {
      return server.pid;
    },
    get printed() {
      return server.printed;
    },
    start: () => server.start(),
    stop: () => server.stop(),
    kill: () => server.kill(),
  };
}
