import { setTimeout as sleep } from 'node:timers/promises';
import { runningProcesses, treeOf } from '../../scripts/lib/process-table.ts';
import { sendSignal } from '../../scripts/lib/processes.ts';

/** How long what was started may take to end by itself. */
const GRACE_MS = 5_000;
const POLL_MS = 50;

/** Ends all that descends from this process: asks, waits, kills. */
export async function stopDescendants(): Promise<void> {
  const pids = await descendants();
  for (const pid of pids) sendSignal(pid, 'SIGTERM');
  const deadline = Date.now() + GRACE_MS;
  // One whose parent ended first is nobody's descendant any more.
  const left = async () => (await runningProcesses()).filter(({ pid }) => pids.includes(pid));
  while (Date.now() < deadline && (await left()).length > 0) await sleep(POLL_MS);
  for (const { pid } of await left()) sendSignal(pid, 'SIGKILL');
  for (const pid of await descendants()) sendSignal(pid, 'SIGKILL');
}

async function descendants(): Promise<number[]> {
  return treeOf(process.pid, await runningProcesses())
    .map(({ pid }) => pid)
    .filter((pid) => pid !== process.pid);
}
