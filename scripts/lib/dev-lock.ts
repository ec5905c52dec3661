import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runningProcesses } from './process-table.ts';
import { isOurs, stopGroup } from './processes.ts';

/** One system at a time may run on one folder of data: two would corrupt it. */
export interface DevLock {
  /** Notes the process group that must not outlive this process. */
  noteGroup(pid: number): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the folder. What a killed run left running on it is ended.
 * @throws an `Error` for people where a system runs on it
 */
export async function lockFolder(folder: string, log: (line: string) => void): Promise<DevLock> {
  const file = path.join(folder, 'running.json');
  const { pid, group } = await readLock(file);
  if (pid !== undefined && pid !== process.pid && (await isOurs(pid, ['dev.ts']))) {
    throw new Error(
      `Roomkeeper already runs on ${folder} (process ${pid}). Stop it, or keep other data with --persist-to.`,
    );
  }
  if (group !== undefined && (await isOurWrangler(group))) {
    log(`stopping the Worker that an earlier run left behind (process group ${group})`);
    await stopGroup(group);
  }
  await writeFile(file, JSON.stringify({ pid: process.pid }));
  return {
    noteGroup: async (child) => writeFile(file, JSON.stringify({ pid: process.pid, group: child })),
    release: async () => rm(file, { force: true }),
  };
}

async function readLock(file: string): Promise<{ pid?: number; group?: number }> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const [pid, group] = ['pid', 'group'].map((key) => Number(new RegExp(`"${key}":(\\d+)`).exec(text)?.[1]));
  return {
    ...(pid === undefined || !(pid > 1) ? {} : { pid }),
    ...(group === undefined || !(group > 1) ? {} : { group }),
  };
}

/** The number may belong to another group by now. */
async function isOurWrangler(group: number): Promise<boolean> {
  const members = (await runningProcesses()).filter((entry) => entry.pgid === group);
  return members.some(({ command }) => command.includes('wrangler') || command.includes('workerd'));
}
