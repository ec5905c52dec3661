import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { withPrivateFiles } from './private-files.ts';
import { runningProcesses } from './process-table.ts';
import { stopGroup } from './processes.ts';

/** In the folder of data: what runs on it. */
export const RUNNING_FILE = 'running.json';

interface Running {
  /** The process group that must not outlive this process. */
  readonly group?: number;
  /** Where it answers. */
  readonly origin?: string;
}

/** One system at a time may run on one folder of data: two would corrupt it. */
export interface DevLock {
  /** Records what others must know of this run. */
  note(running: Running): Promise<void>;
  release(): Promise<void>;
}

/** The code of SQLite's "database is locked" (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;

/**
 * Locks the folder. The lock is SQLite's lock on an empty database: atomic, and the kernel releases it with the process,
 * however that ends. What a killed run left running on the folder is stopped.
 * @throws an `Error` for people where a system runs on it
 */
export async function lockFolder(folder: string, log: (line: string) => void): Promise<DevLock> {
  const file = path.join(folder, RUNNING_FILE);
  const lock = withPrivateFiles(() => takeLock(path.join(folder, 'running.lock')));
  const { pid, group } = await readRunning(file);
  if (lock === null) {
    const owner = pid === undefined ? '' : ` (process ${pid})`;
    throw new Error(
      `Roomkeeper already runs on ${folder}${owner}. Stop it, or keep other data with --persist-to.`,
    );
  }
  try {
    if (group !== undefined && (await isOurWrangler(group))) {
      log(`stopping the Worker that an earlier run left behind (process group ${group})`);
      await stopGroup(group);
    }
    await writePrivate(file, { pid: process.pid });
  } catch (error) {
    lock.close();
    throw error;
  }
  return {
    note: async (running) => writePrivate(file, { pid: process.pid, ...running }),
    async release() {
      await rm(file, { force: true });
      lock.close();
    },
  };
}

/** The file stays when the lock is released: another process may hold it open already. */
function takeLock(file: string): DatabaseSync | null {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return null;
    throw error;
  }
}

async function writePrivate(file: string, running: object): Promise<void> {
  await writeFile(file, JSON.stringify(running), { mode: 0o600 });
}

async function readRunning(file: string): Promise<{ pid?: number; group?: number }> {
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
