import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { failWithMessage } from './lib/command.ts';

const LOCK_FILE = path.join(import.meta.dirname, '../package-lock.json');

/**
 * Packages that need a later Node than npm may run under, and get it: scripts run with the Node of the devDependency `node`.
 * npm compares `engines` with its own Node and has no setting for another one, so it would print warnings that are not true.
 */
const RUN_BY_OWN_NODE = ['@cloudflare/kv-asset-handler', 'miniflare', 'vitest', 'wrangler'];

interface Lock {
  readonly packages: Readonly<Record<string, { engines?: unknown } | undefined>>;
}

/** Leaves the `engines` of these packages out of the lock file; `npm install` writes them again. With `--check`, fails instead. */
async function main(): Promise<void> {
  const lock: Lock = JSON.parse(await readFile(LOCK_FILE, 'utf8'));
  const found = RUN_BY_OWN_NODE.filter(
    (name) => lock.packages[`node_modules/${name}`]?.engines !== undefined,
  );
  if (found.length === 0) return;
  if (process.argv.includes('--check'))
    throw new Error(
      `npm warns about ${found.join(', ')} under Node 20. Run "npm run lock-file" and commit the result.`,
    );
  for (const name of found) delete lock.packages[`node_modules/${name}`]?.engines;
  await writeFile(LOCK_FILE, `${JSON.stringify(lock, null, 2)}\n`);
}

main().catch(failWithMessage);
