import { type ChildProcess, startChild } from '../../scripts/lib/processes.ts';
import { runningProcesses, getProcessTree } from '../../scripts/lib/process-table.ts';
import { until } from './until.ts';

export interface DevProcess {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly lines: readonly string[];
  /** Itself and all that descends from it and still runs. */
  tree(): Promise<number[]>;
  /** As Ctrl-C does. Settles when it has ended; gives its exit code. */
  interrupt(): Promise<number | null>;
  /** Kills every process of the tree at once, as a power cut would, and waits until all are gone. */
  kill(): Promise<void>;
}

const started = new Set<DevProcess>();

/** Kills what a failed test left running. For `afterEach` or `afterAll`. */
export async function killLeftovers(): Promise<void> {
  for (const dev of started) await dev.kill();
}

/** Starts `npm run dev`'s script with these options, on a free port. */
export function startDev(args: readonly string[], env: Readonly<Record<string, string>> = {}): DevProcess {
  const lines: string[] = [];
  const child = startChild({
    command: process.execPath,
    args: ['scripts/dev.ts', ...args],
    env: { ...process.env, ...env },
    onLine: (line) => lines.push(line),
    // It stops its own children.
    exitSignal: 'SIGTERM',
  });
  return watchProcess(child, lines);
}

/** @param lines receives what it prints */
export function watchProcess(child: ChildProcess, lines: readonly string[]): DevProcess {
  const tree = async (): Promise<number[]> =>
    getProcessTree(child.pid, await runningProcesses()).map((entry) => entry.pid);
  const dev: DevProcess = {
    child,
    lines,
    tree,
    async interrupt() {
      process.kill(child.pid, 'SIGINT');
      return (await child.ended).code;
    },
    async kill() {
      const pids = await tree();
      for (const pid of pids) killIfThere(pid);
      await until('the killed processes to be gone', async () => {
        const left = (await runningProcesses()).filter((entry) => pids.includes(entry.pid));
        return left.length === 0 ? true : undefined;
      });
      await child.ended;
    },
  };
  started.add(dev);
  void child.ended.then(() => started.delete(dev));
  return dev;
}

/**
 * Waits for the line that begins with `name`, and gives the rest of it.
 * @throws with all that was printed where the process ends instead
 */
export async function readLine({ child, lines }: DevProcess, name: string): Promise<string> {
  let ended = false;
  void child.ended.then(() => (ended = true));
  return until(`the line ${name}`, () => {
    const line = lines.find((candidate) => candidate.startsWith(`${name} `));
    if (line === undefined && ended) throw new Error(`npm run dev ended:\n${lines.join('\n')}`);
    return line?.slice(name.length).trim();
  });
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // One may have ended with its parent.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
