import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { runToEnd } from '../../scripts/lib/processes.ts';

/** The package of client versions, which the project's own does not know. */
const CLIENTS = path.join(import.meta.dirname, '../clients');

/** Installs the client versions as their lock file says, unless they are there. */
export async function installClientVersions(): Promise<void> {
  if (await isInstalled()) return;
  await runToEnd({ command: 'npm', args: ['ci'], cwd: CLIENTS });
}

/** Whether npm has installed every package at the version that the lock file names. */
async function isInstalled(): Promise<boolean> {
  const [wanted, installed] = await Promise.all([
    packagesOf('package-lock.json'),
    packagesOf('node_modules/.package-lock.json'),
  ]);
  return [...wanted].every(([name, version]) => installed.get(name) === version);
}

/** @returns versions by folder, without optional packages; none where the file is not there */
async function packagesOf(lockFile: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(path.join(CLIENTS, lockFile), 'utf8').catch(() => '{}');
  const lock: { packages?: Record<string, { version?: string; optional?: boolean }> } = JSON.parse(text);
  return new Map(
    Object.entries(lock.packages ?? {}).flatMap(([folder, { version, optional }]) =>
      folder === '' || version === undefined || optional === true ? [] : [[folder, version]],
    ),
  );
}
