import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { userInfo } from 'node:os';

/** Bits of a mode that belong to others than the owner. */
const OTHERS = 0o077;

/** What may stand in a data folder: whatever else is there is not ours to change. */
const OURS = new Set([
  '.wrangler',
  'better-auth-secret',
  'demo-account.json',
  'logs',
  'postgres',
  'registry',
  'running.json',
  'running.lock',
  'tmp',
  'wrangler',
  'wrangler.json',
]);

/**
 * Makes a folder for data that only its owner can read. In one that exists, what Roomkeeper put there is made private; a
 * private folder hides all that is below it. Root's Postgres runs as another user, who must pass through the folder.
 */
export function makeDataFolder(folder: string): void {
  const isRoot = userInfo().uid === 0;
  mkdirSync(folder, { recursive: true, mode: isRoot ? 0o711 : 0o700 });
  for (const name of readdirSync(folder)) {
    const entry = path.join(folder, name);
    const stats = lstatSync(entry);
    const isOwn = isRoot || stats.uid === userInfo().uid;
    if (OURS.has(name) && isOwn && !stats.isSymbolicLink() && (stats.mode & OTHERS) !== 0) {
      chmodSync(entry, stats.mode & ~OTHERS & 0o777);
    }
  }
}

/** Calls `start`, whose child processes make files that only their owner can read. */
export function withPrivateFiles<Result>(start: () => Result): Result {
  const before = process.umask(OTHERS);
  try {
    return start();
  } finally {
    process.umask(before);
  }
}
