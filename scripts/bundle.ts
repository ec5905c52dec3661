import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { failWithMessage } from './lib/command.ts';
import { runToEnd } from './lib/processes.ts';
import { localWrangler } from './lib/wrangler.ts';

/** Bundles the Worker as a deployment would, without deploying it, and tells its size. */
async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'roomkeeper-bundle-'));
  try {
    const args = ['deploy', '--dry-run', '--outdir', path.join(folder, 'out')];
    const lines = await runToEnd(localWrangler(args, { home: folder }));
    const size = lines.find((line) => line.startsWith('Total Upload: '));
    if (size === undefined) throw new Error(`wrangler told no size:\n${lines.join('\n')}`);
    console.log(`The Worker can be deployed. ${size}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch(failWithMessage);
