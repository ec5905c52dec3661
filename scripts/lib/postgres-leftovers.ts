import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessEntry, processesIn, runningProcesses } from './process-table.ts';
import { sendSignal } from './processes.ts';

/** How long each kind of shutdown may take, the last checkpoint included, before the next harder one. */
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 25;

/**
 * Ends a Postgres that a killed run left running on `cluster`, and what a killed postmaster left of itself: its
 * children, and its pid file, which Postgres itself would go by until the dead process is reaped.
 */
export async function endLeftovers(cluster: string, log: (line: string) => void): Promise<void> {
  const pidFile = path.join(cluster, 'postmaster.pid');
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1) return;

  // The number may belong to another process by now.
  const entry = (await runningProcesses()).find((candidate) => candidate.pid === pid);
  if (entry !== undefined && isPostmasterOf(cluster, entry)) {
    log(`Stopping the Postgres of an earlier run (pid ${pid}).`);
    await endPostmaster(pid);
  }
  const orphans = await processesIn(cluster);
  // Their postmaster is gone: the next start replays the log whatever they do now.
  for (const orphan of orphans) sendSignal(orphan.pid, 'SIGKILL');
  for (const orphan of orphans) await hasEnded(orphan.pid);
  if (process.platform === 'linux') await rm(pidFile, { force: true });
}

/**
 * Ends a postmaster and its children.
 * The signals are Postgres' own: fast shutdown, then immediate shutdown (its manual, "Shutting Down the Server").
 */
export async function endPostmaster(pid: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!sendSignal(pid, signal) || (await hasEnded(pid))) return;
  }
  throw new Error(`Postgres (pid ${pid}) does not stop. Kill it, then start again.`);
}

async function hasEnded(pid: number): Promise<boolean> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while ((await runningProcesses()).some((entry) => entry.pid === pid)) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function isPostmasterOf(cluster: string, { command }: ProcessEntry): boolean {
  return command.includes('bin/postgres') && command.includes(`-D${cluster} `);
}
