import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { withPrivateFiles } from './private-files.ts';
import { runningProcesses } from './process-table.ts';
import { stopGroup } from './processes.ts';

/** In the data folder: the running system. */
export const RUNNING_FILE = 'running.json';

interface Running {
  /** Process group to stop with this process. */
  readonly group?: number;
  readonly origin?: string;
}

/** Only one system may use a data folder at a time. */
export interface DevLock {
  /** Records the running system for other processes. */
  record(running: Running): Promise<void>;
  release(): Promise<void>;
}

/** The code of SQLite's "database is locked" (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;

/**
 * Locks the folder with SQLite's lock on an empty database, which the kernel releases with the process. Stops processes that
 * a killed run left.
 * @throws a readable `Error` if a system uses the folder
 */
export async function lockFolder(folder: string, log: (line: string) => void): Promise<DevLock> {
  const file = path.join(folder, RUNNING_FILE);
  const lock = withPrivateFiles(() => takeLock(path.join(folder, 'running.lock')));
  const { pid, group } = await readRunning(file);
  if (lock === null) {
    const owner = pid === undefined ? '' : ` (process ${pid})`;
    throw new Error(
      `Roomkeeper already runs on ${folder}${owner}. Stop it, or choose another folder with --persist-to.`,
    );
  }
  try {
    if (group !== undefined && (await isOurWrangler(group))) {
      log(`Stopping the Worker of an earlier run (process group ${group}).`);
      await stopGroup(group);
    }
    await writePrivate(file, { pid: process.pid });
  } catch (error) {
    lock.close();
    throw error;
  }
  return {
    record: async (running) => writePrivate(file, { pid: process.pid, ...running }),
    async release() {
      await rm(file, { force: true });
      lock.close();
    },
  };
}

/** The lock file is not deleted: another process may have opened it. */
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

/** The id may have been reused. */
async function isOurWrangler(group: number): Promise<boolean> {
  const members = (await runningProcesses()).filter((entry) => entry.pgid === group);
  return members.some(({ command }) => command.includes('wrangler') || command.includes('workerd'));
}
