import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { withPrivateFiles } from './private-files.ts';
import { runningProcesses } from './process-table.ts';

/** How long a process tree may take to end by itself before it is killed. */
const STOP_TIMEOUT_MS = 10_000;
/** How long a killed one may take to vanish. */
const KILL_TIMEOUT_MS = 5_000;
const POLL_MS = 25;
/** Output may still be on its way when a process has ended; a grandchild that lives on may hold the pipe for ever. */
const OUTPUT_GRACE_MS = 500;
/** How much of its output a failed command's error repeats. */
const ERROR_LINES = 30;

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The whole environment; this process' own unless given. */
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** Whether only their owner can read the files that it makes. */
  readonly makesPrivateFiles?: boolean;
  /** Receives what it prints, both streams, line by line. */
  readonly onLine?: (line: string, stream: OutputStream) => void;
  /** Signal for its group if this process exits first; default SIGKILL. */
  readonly exitSignal?: NodeJS.Signals;
}

/** Where a child prints: what was asked for, or what is said about it. */
type OutputStream = 'stdout' | 'stderr';

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildProcess {
  /** Also the id of its process group. */
  readonly pid: number;
  /** Settles once it has ended and its output is read. */
  readonly ended: Promise<Ending>;
}

/** Groups that run. What is left of them when this process exits, for whatever reason, is sent this signal. */
const running = new Map<number, NodeJS.Signals>();
process.on('exit', () => {
  for (const [pid, signal] of running) signalGroup(pid, signal);
});

/**
 * Starts a child in a process group of its own: a terminal's Ctrl-C reaches this process alone, which then stops its
 * children in the right order, and a child's own children can be stopped with it.
 * @throws where the command cannot be started
 */
export function startChild(options: ChildOptions): ChildProcess {
  const { command, args, cwd, env, uid, gid, onLine, exitSignal = 'SIGKILL' } = options;
  const start = () =>
    spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
  const child = options.makesPrivateFiles === true ? withPrivateFiles(start) : start();
  const { pid } = child;
  if (pid === undefined) {
    // The `error` event comes later. Without a listener it would end this process.
    child.once('error', (error) => onLine?.(String(error), 'stderr'));
    throw new Error(`Could not start ${command}.`);
  }
  running.set(pid, exitSignal);
  forwardLines(child.stdout, (line) => onLine?.(line, 'stdout'));
  forwardLines(child.stderr, (line) => onLine?.(line, 'stderr'));

  const ended = new Promise<Ending>((resolve) => {
    child.once('exit', (code, signal) => {
      setTimeout(() => resolve({ code, signal }), OUTPUT_GRACE_MS).unref();
      child.once('close', () => resolve({ code, signal }));
    });
  });
  // Grandchildren may outlive it: the group is forgotten only once it is empty.
  child.once('exit', () => {
    if (!signalGroup(pid, 0)) running.delete(pid);
  });
  return { pid, ended };
}

/**
 * Runs a command to its end.
 * @throws an `Error` with its last lines where it fails
 */
export async function runToEnd(options: ChildOptions): Promise<string[]> {
  const lines: string[] = [];
  const child = startChild({
    ...options,
    onLine: (line, stream) => {
      lines.push(line);
      options.onLine?.(line, stream);
    },
  });
  const { code, signal } = await child.ended;
  if (code !== 0) {
    const how = signal === null ? `exit code ${code}` : signal;
    throw new Error(`${options.command} failed (${how}):\n${lines.slice(-ERROR_LINES).join('\n')}`);
  }
  return lines;
}

/**
 * Ends a group: asks, waits, then kills. Settles when no process of it is left.
 * @param pid of the child that leads it
 */
export async function stopGroup(pid: number): Promise<void> {
  signalGroup(pid, 'SIGTERM');
  if (!(await groupIsGone(pid, STOP_TIMEOUT_MS))) {
    signalGroup(pid, 'SIGKILL');
    if (!(await groupIsGone(pid, KILL_TIMEOUT_MS))) throw new Error(`Process group ${pid} does not stop.`);
  }
  running.delete(pid);
}

/** @returns whether it was there to receive it; signal 0 only asks */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  return sendSignal(-pid, signal);
}

async function groupIsGone(pid: number, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    if (!signalGroup(pid, 0)) return true;
    if (!(await runningProcesses()).some((entry) => entry.pgid === pid)) return true;
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
}

function forwardLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream }).on('line', onLine);
}
