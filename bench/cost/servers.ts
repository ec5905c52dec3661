import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { startSystemWith } from '../../test/support/system.ts';
import { serve } from '../sync/served-workers.ts';
import type { Target } from './server.ts';

const WORKERS = path.join(import.meta.dirname, 'worker');

/** A server that runs, and how the table names it. */
export interface Candidate {
  readonly name: string;
  readonly role: 'ours' | 'peer';
  readonly remark: string;
  readonly target: Target;
}

export interface Started {
  readonly candidates: readonly Candidate[];
  stop(): Promise<void>;
}

/** @param folder receives its data */
export async function startRoomkeeper(folder: string): Promise<Started> {
  await mkdir(folder, { recursive: true });
  const entry = path.relative(path.join(import.meta.dirname, '../..'), path.join(WORKERS, 'roomkeeper.ts'));
  const system = await startSystemWith(entry, folder);
  const { origin } = system;
  return {
    candidates: [
      {
        name: 'Roomkeeper',
        role: 'ours',
        remark: 'stores each edit before it is relayed; its client is the provider of y-websocket',
        // The other one's rooms are quiet while his dashboard is looked at.
        target: { kind: 'Roomkeeper', origin, user: await system.signUp(), other: await system.signUp() },
      },
    ],
    stop: () => system.stop(),
  };
}

/** y-partyserver as its README has it, and with the hibernation that partyserver's README offers. */
export async function startYPartyserver(folder: string): Promise<Started> {
  await mkdir(folder, { recursive: true });
  const script = path.join(folder, 'worker.js');
  await build({
    entryPoints: [path.join(WORKERS, 'y-partyserver.mjs')],
    outfile: script,
    bundle: true,
    format: 'esm',
    external: ['cloudflare:*', 'node:*'],
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'warning',
  });
  const server = await serve({
    script,
    folder,
    classes: { Document: 'Document', Hibernating: 'Hibernating' },
  });
  const candidate = (party: string, name: string, how: string): Candidate => ({
    name,
    role: 'peer',
    remark: `${how}: stores the whole document 2 to 10 s after an edit, so a kill loses the latest edits; its client is its own provider, which renews no awareness`,
    target: { kind: 'y-partyserver', origin: server.origin, party },
  });
  return {
    candidates: [
      candidate('document', 'y-partyserver', 'configured as in its README'),
      candidate(
        'hibernating',
        'y-partyserver, hibernating',
        'with the hibernation option of partyserver’s README',
      ),
    ],
    stop: () => server.stop(),
  };
}
