import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { PEERS } from './install-peers.ts';
import { ServerProcess } from './server-process.ts';
import type { ServedWorker } from './serve-worker.ts';

const COMPATIBILITY_DATE = '2026-10-15';

/** Runs a bundled Worker in workerd. */
export async function serve(
  worker: Pick<ServedWorker, 'script' | 'folder' | 'classes'> & Partial<ServedWorker>,
): Promise<ServerProcess> {
  await mkdir(worker.folder, { recursive: true });
  return ServerProcess.start((port) => {
    const served: ServedWorker = {
      compatibilityDate: COMPATIBILITY_DATE,
      databases: {},
      vars: {},
      ...worker,
      port,
    };
    return { args: [path.join(import.meta.dirname, 'serve-worker.ts'), JSON.stringify(served)] };
  });
}

/** A peer that is a Worker, in one module. */
export async function bundlePeer(name: string, folder: string): Promise<string> {
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
