import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runningProcesses, getProcessTree } from '../../scripts/lib/process-table.ts';
import { sendSignal } from '../../scripts/lib/processes.ts';
import { makeFolder, removeFolder } from '../../test/support/system.ts';

/** How long what was started may take to end by itself. */
const GRACE_MS = 5_000;
const POLL_MS = 50;
/** A process' exit code after Ctrl-C: 128 and SIGINT's number. */
const INTERRUPTED = 130;

/**
 * Does work that starts processes and leaves files, in an empty folder that also takes all temporary files. When it is over, and at
 * Ctrl-C, after which this process ends, nothing of that is left.
 * @param work its signal is aborted by Ctrl-C
 */
export async function workInFolder<T>(work: (folder: string, signal: AbortSignal) => Promise<T>): Promise<T> {
  const folder = await makeFolder();
  const temporary = path.join(folder, 'tmp');
  await mkdir(temporary, { mode: 0o711 });
  process.env['TMPDIR'] = temporary;
  const interruption = new AbortController();
  let cleaning: Promise<void> | null = null;
  const clean = (): Promise<void> => (cleaning ??= stopDescendants().then(() => removeFolder(folder)));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interruption.signal.aborted) return;
      console.error('stopping all that was started');
      interruption.abort();
      void clean().finally(() => process.exit(INTERRUPTED));
    });
  }
  try {
    return await work(folder, interruption.signal);
  } finally {
    await clean();
  }
}

/** Ends all that descends from this process: asks, waits, kills. */
async function stopDescendants(): Promise<void> {
  const pids = await descendants();
  for (const pid of pids) sendSignal(pid, 'SIGTERM');
  const deadline = Date.now() + GRACE_MS;
  // A process whose parent ended first has lost its parent link.
  const left = async () => (await runningProcesses()).filter(({ pid }) => pids.includes(pid));
  while (Date.now() < deadline && (await left()).length > 0) await sleep(POLL_MS);
  for (const { pid } of await left()) sendSignal(pid, 'SIGKILL');
  // What was begun meanwhile.
  for (const pid of await descendants()) sendSignal(pid, 'SIGKILL');
}

async function descendants(): Promise<number[]> {
  return getProcessTree(process.pid, await runningProcesses())
    .map(({ pid }) => pid)
    .filter((pid) => pid !== process.pid);
}
