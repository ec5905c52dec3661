import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { readWranglerToml } from '../../scripts/lib/dev-config.ts';
import { migrateLocalD1 } from '../../scripts/lib/migrate-local-d1.ts';
import { freePort } from '../../scripts/lib/ports.ts';
import { runToEnd, startChild, stopGroup } from '../../scripts/lib/processes.ts';
import { localWrangler } from '../../scripts/lib/wrangler.ts';
import { siteAt } from '../../test/support/system.ts';
import { until } from '../../test/support/until.ts';
import type { Contender, StartContender } from './contender.ts';
import type { ServedWorker } from './serve-worker.ts';

export const PEERS = path.join(import.meta.dirname, '../peers');
const COMPATIBILITY_DATE = '2026-10-15';

/** All that can be measured, by the names that the tables give them. */
export const CONTENDERS: Readonly<Record<string, StartContender>> = {
  Roomkeeper: startRoomkeeper,
  'y-websocket': startYWebsocket,
  Hocuspocus: startHocuspocus,
  'y-partyserver': startYPartyserver,
  'echo (floor)': startEcho,
};

async function startRoomkeeper(folder: string): Promise<Contender> {
  const raw = await readWranglerToml();
  const out = path.join(folder, 'bundle');
  await runToEnd(localWrangler(['deploy', '--dry-run', '--outdir', out], { home: folder }));
  const data = path.join(folder, 'data');
  await migrateLocalD1({ raw, home: folder, data });
  const running = await serve({
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
  const site = siteAt(running.origin);
  const user = await site.signUp();
  return {
    ...running,
    name: 'Roomkeeper',
    wire: 'y-websocket',
    durability: 'stored before it is relayed',
    keepsDocuments: true,
    url: async (room) => `${site.wsOrigin}/documents/${room}?token=${await site.mintJwt(user)}`,
  };
}

async function startYPartyserver(folder: string): Promise<Contender> {
  const script = await bundlePeer('y-partyserver', folder);
  const running = await serve({ script, folder, classes: { Document: 'Document' } });
  return {
    ...running,
    name: 'y-partyserver',
    wire: 'y-websocket',
    durability: 'saved 2 to 10 s later',
    keepsDocuments: true,
    url: async (room) => `${running.origin.replace(/^http/, 'ws')}/parties/document/${room}`,
  };
}

async function startEcho(folder: string): Promise<Contender> {
  const script = await bundlePeer('echo', folder);
  const running = await serve({ script, folder, classes: { Echo: 'Echo' } });
  return {
    ...running,
    name: 'echo (floor)',
    wire: 'y-websocket',
    durability: 'none',
    keepsDocuments: false,
    url: async (room) => `${running.origin.replace(/^http/, 'ws')}/${room}`,
  };
}

async function startYWebsocket(folder: string): Promise<Contender> {
  const port = await freePort();
  const script = path.join(PEERS, 'node_modules/y-websocket/bin/server.cjs');
  const env = {
    ...process.env,
    HOST: '127.0.0.1',
    PORT: String(port),
    YPERSISTENCE: path.join(folder, 'leveldb'),
  };
  const running = await startServer([script], port, env);
  return {
    ...running,
    name: 'y-websocket',
    wire: 'y-websocket',
    durability: 'written to LevelDB after it is relayed',
    keepsDocuments: true,
    url: async (room) => `ws://127.0.0.1:${port}/${room}`,
  };
}

async function startHocuspocus(folder: string): Promise<Contender> {
  const port = await freePort();
  const running = await startServer(
    [path.join(PEERS, 'hocuspocus.mjs'), String(port), path.join(folder, 'db.sqlite')],
    port,
  );
  return {
    ...running,
    name: 'Hocuspocus',
    wire: 'hocuspocus',
    durability: 'saved 2 to 10 s later',
    keepsDocuments: true,
    url: async (room) => `ws://127.0.0.1:${port}/#${room}`,
  };
}

/** A peer that is a Worker, in one module. */
async function bundlePeer(name: string, folder: string): Promise<string> {
  const script = path.join(folder, 'worker.js');
  await build({
    entryPoints: [path.join(PEERS, `${name}.mjs`)],
    outfile: script,
    bundle: true,
    format: 'esm',
    minify: true,
    external: ['cloudflare:*', 'node:*'],
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'warning',
  });
  return script;
}

type Running = Pick<Contender, 'pid' | 'stop'> & { readonly origin: string };

async function serve(
  worker: Pick<ServedWorker, 'script' | 'folder' | 'classes'> & Partial<ServedWorker>,
): Promise<Running> {
  const port = await freePort();
  await mkdir(worker.folder, { recursive: true });
  const served: ServedWorker = {
    compatibilityDate: COMPATIBILITY_DATE,
    databases: {},
    vars: {},
    ...worker,
    port,
  };
  return startServer([path.join(import.meta.dirname, 'serve-worker.ts'), JSON.stringify(served)], port);
}

async function startServer(
  args: readonly string[],
  port: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Running> {
  const lines: string[] = [];
  const child = startChild({ command: process.execPath, args, env, onLine: (line) => lines.push(line) });
  const origin = `http://127.0.0.1:${port}`;
  let ended = false;
  void child.ended.then(() => (ended = true));
  await until(args[0] ?? '', async () => {
    if (ended) throw new Error(`${args[0]} ended:\n${lines.join('\n')}`);
    const response = await fetch(origin).catch(() => null);
    await response?.body?.cancel();
    return response === null ? undefined : true;
  });
  return { origin, pid: child.pid, stop: () => stopGroup(child.pid) };
}
