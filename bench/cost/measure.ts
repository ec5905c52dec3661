import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { BenchmarkOptions } from '../lib/benchmark.ts';
import { installPeers } from '../sync/install-peers.ts';
import type { CostResult, CostTask } from './load.ts';
import { BURST_S, QUIET_AFTER_BURST_S, ROOMS_KEPT } from './profile.ts';
import type { Plan } from './scenes.ts';
import { type Candidate, startRoomkeeper, startYPartyserver } from './servers.ts';

/** Long enough for all that a new room does by itself, and then for five renewals of awareness, which come each 15 s. */
const FULL: Plan = {
  burst: BURST_S,
  quietAfterBurst: QUIET_AFTER_BURST_S,
  settle: 50,
  watch: 75,
  pause: 3,
  rooms: ROOMS_KEPT,
  canHibernate: true,
};
const QUICK: Plan = {
  burst: 1,
  quietAfterBurst: 0.5,
  settle: 1,
  watch: 1,
  pause: 0.3,
  rooms: 2,
  canHibernate: false,
};

/** What was measured of one server. */
export interface Measured extends CostResult {
  readonly server: Pick<Candidate, 'name' | 'role' | 'remark'>;
}

/** Measures all servers, each in several rooms side by side. */
export async function measure({ quick, folder, progress }: BenchmarkOptions): Promise<readonly Measured[]> {
  const plan = quick ? QUICK : FULL;
  await installPeers(progress);
  progress('starting the metered servers');
  const starting = await Promise.allSettled([
    startRoomkeeper(path.join(folder, 'roomkeeper')),
    startYPartyserver(path.join(folder, 'y-partyserver')),
  ]);
  const started = starting.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const ending = new AbortController();
  try {
    for (const start of starting) if (start.status === 'rejected') throw start.reason;
    progress(`rooms are written in, read and left open, about ${plan.settle + plan.watch + 10} s`);
    const candidates = started.flatMap((start) => start.candidates);
    return await Promise.all(candidates.map((candidate) => runLoad(candidate, plan, ending.signal)));
  } finally {
    ending.abort();
    await Promise.all(started.map((start) => start.stop()));
  }
}

/**
 * The clients of one server, in a process of their own.
 * @throws where they fail, with what they printed
 */
async function runLoad(
  { name, role, remark, target }: Candidate,
  plan: Plan,
  signal: AbortSignal,
): Promise<Measured> {
  const task: CostTask = { target, plan };
  const child = fork(path.join(import.meta.dirname, 'load.ts'), [JSON.stringify(task)], {
    silent: true,
    signal,
  });
  const printed: string[] = [];
  child.stderr?.on('data', (data: Buffer) => printed.push(data.toString()));
  let result: CostResult | null = null;
  // Of what is ended because another one failed.
  child.on('error', (error) => printed.push(String(error)));
  child.on('message', (message: CostResult) => {
    result = message;
  });
  await once(child, 'exit');
  if (result === null) throw new Error(`${name}: ${printed.join('').trim()}`);
  const measured: CostResult = result;
  return { server: { name, role, remark }, ...measured };
}
