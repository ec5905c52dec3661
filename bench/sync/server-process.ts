import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/lib/ports.ts';
import { runningProcesses } from '../../scripts/lib/process-table.ts';
import { sendSignal, startChild, stopGroup } from '../../scripts/lib/processes.ts';
import { until } from '../../test/support/until.ts';

/** Passes the port to the server. */
interface Command {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const POLL_MS = 5;
/** Last lines of output that are kept. */
const MAX_LINES = 20;

/** A server that Node starts, and that can be ended and started again, each time on another port. */
export class ServerProcess {
  readonly #command: (port: number) => Command;
  #pid = 0;
  #port = 0;
  #lines: string[] = [];

  private constructor(command: (port: number) => Command) {
    this.#command = command;
  }

  static async start(command: (port: number) => Command): Promise<ServerProcess> {
    const server = new ServerProcess(command);
    await server.start();
    return server;
  }

  get pid(): number {
    return this.#pid;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get wsOrigin(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** The last lines that it printed. */
  get printed(): string {
    return this.#lines.join('\n');
  }

  /** @throws with what it printed where it ends instead of answering */
  async start(): Promise<void> {
    this.#port = await freePort();
    const { args, env = {} } = this.#command(this.#port);
    const child = startChild({
      command: process.execPath,
      args,
      env: { ...process.env, ...env },
      onLine: (line) => {
        this.#lines = [...this.#lines, line].slice(-MAX_LINES);
      },
    });
    this.#pid = child.pid;
    let ended = false;
    void child.ended.then(() => (ended = true));
    await until(args[0] ?? '', async () => {
      if (ended) throw new Error(`${args[0]} ended:\n${this.printed}`);
      const response = await fetch(this.origin).catch(() => null);
      await response?.body?.cancel();
      return response === null ? undefined : true;
    });
  }

  async stop(): Promise<void> {
    await stopGroup(this.#pid);
  }

  async kill(): Promise<void> {
    // The whole group in one call, in the moment in which it is asked for.
    sendSignal(-this.#pid, 'SIGKILL');
    while ((await runningProcesses()).some(({ pgid }) => pgid === this.#pid)) await sleep(POLL_MS);
  }
}
