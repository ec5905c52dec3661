import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessEntry {
  readonly pid: number;
  /** Its parent. */
  readonly ppid: number;
  /** Its process group. */
  readonly pgid: number;
  /** The command line, with spaces between the arguments. */
  readonly command: string;
}

/**
 * Every process that runs now, zombies left out: those have ended, and where process 1 collects nothing, as in many
 * containers, they stay for ever. Linux is read from /proc, because slim images have no `ps`.
 */
export async function runningProcesses(): Promise<ProcessEntry[]> {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

/** `root` and all that descends from it, parents before children. */
export function getProcessTree(root: number, table: readonly ProcessEntry[]): ProcessEntry[] {
  const found = table.filter((entry) => entry.pid === root);
  for (const parent of found) {
    // An array's iterator sees what is pushed meanwhile.
    found.push(...table.filter((entry) => entry.ppid === parent.pid));
  }
  return found;
}

/** The processes whose working folder is `folder`. Linux alone can report: none elsewhere. */
export async function processesIn(folder: string): Promise<ProcessEntry[]> {
  if (process.platform !== 'linux') return [];
  const table = await fromProc();
  const workingFolders = await Promise.all(table.map(({ pid }) => unlessGone(readlink(`/proc/${pid}/cwd`))));
  return table.filter((_, index) => workingFolders[index] === folder);
}

async function fromProc(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(pids.map(readProc));
  return entries.filter((entry) => entry !== undefined);
}

/** `undefined` for a process that has ended. */
async function readProc(pid: string): Promise<ProcessEntry | undefined> {
  const stat = await unlessGone(readFile(`/proc/${pid}/stat`, 'utf8'));
  const commandLine = await unlessGone(readFile(`/proc/${pid}/cmdline`, 'utf8'));
  if (stat === undefined || commandLine === undefined) return undefined;
  // "pid (name) state ppid pgrp …"; the name may hold spaces and parentheses (proc_pid_stat(5)).
  const [state, ppid, pgid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  const command = commandLine.replaceAll('\0', ' ').trim();
  return { pid: Number(pid), ppid: Number(ppid), pgid: Number(pgid), command };
}

/** What /proc says of a process, or `undefined` where it has ended or is another user's. */
async function unlessGone<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}

async function fromPs(): Promise<ProcessEntry[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'pid=,ppid=,pgid=,stat=,command=']);
  return stdout.split('\n').flatMap((line) => {
    // A state that begins with Z is a zombie's.
    const [, pid, ppid, pgid, command] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+[^\sZ]\S*\s+(.*)$/.exec(line) ?? [];
    if (command === undefined) return [];
    return [{ pid: Number(pid), ppid: Number(ppid), pgid: Number(pgid), command }];
  });
}
