import { existsSync } from 'node:fs';
import path from 'node:path';
import { runToEnd } from '../../scripts/lib/processes.ts';

/** The peers' own package, which the project's does not know. */
export const PEERS = path.join(import.meta.dirname, '../peers');

/** Installs the peers as their lock file says, once. */
export async function installPeers(progress: (line: string) => void): Promise<void> {
  if (existsSync(path.join(PEERS, 'node_modules/.package-lock.json'))) return;
  progress('installing the peers into bench/peers');
  await runToEnd({ command: 'npm', args: ['ci'], cwd: PEERS });
}
