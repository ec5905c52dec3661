import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';

/** Linux's file system in memory, and what tests may store there at a time, in bytes. */
const MEMORY = '/dev/shm';
const NEEDED_BYTES = 4e9;

/**
 * The folder for what tests store, unless the environment names one. Tests commit many thousand times and wait for the disk each
 * time. They kill processes and never the machine, so memory keeps what they store as well as a disk does.
 */
export async function folderForTestData(): Promise<string> {
  if (process.env['TMPDIR'] !== undefined) return tmpdir();
  const { bavail, bsize } = await statfs(MEMORY).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= NEEDED_BYTES ? MEMORY : tmpdir();
}
