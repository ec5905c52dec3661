import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { System } from '../../test/support/system.ts';
import { until } from '../../test/support/until.ts';

const SAMPLE_EACH_MS = 10;
const NUDGE_EACH_MS = 10;
const MEGABYTE = 1_000_000;

/** Linux's code for a listening socket (include/net/tcp_states.h). */
const LISTENING = '0A';

/** What an isolate holds, in MB: objects and strings, and the buffers behind its byte arrays. */
export interface IsolateUse {
  readonly heap: number;
  readonly buffers: number;
}

/** What one operation took at its worst, in MB. */
export interface Peak {
  /** What the isolate could not do without, between two turns of the event loop. */
  readonly live: number;
  /** By how much the process grew, within a turn too: all of JavaScript, its garbage, SQLite, sockets. */
  readonly process: number;
  /** What the process computed, in seconds. */
  readonly cpuSeconds: number;
}

/**
 * The memory of the workerd process and of the isolate that runs a started system's rooms. Asks V8 by its inspector
 * protocol and Linux by /proc, so it needs Linux.
 */
export class IsolateMemory {
  readonly #inspector: Inspector;
  readonly #pid: number;
  readonly #origin: string;

  private constructor(inspector: Inspector, pid: number, origin: string) {
    this.#origin = origin;
    this.#inspector = inspector;
    this.#pid = pid;
  }

  static async of(system: Pick<System, 'origin' | 'tree'>): Promise<IsolateMemory> {
    const inspector = await Inspector.connect(await inspectorUrl(await system.tree()));
    return new IsolateMemory(inspector, await roomsProcess(await system.tree()), system.origin);
  }

  async use(): Promise<IsolateUse> {
    const { usedSize, embedderHeapUsedSize, backingStorageSize } = HeapUsage.parse(
      await this.#inspector.call('Runtime.getHeapUsage'),
    );
    return { heap: (usedSize + embedderHeapUsedSize) / MEGABYTE, buffers: backingStorageSize / MEGABYTE };
  }

  /** Memory after garbage collection. */
  async live(): Promise<IsolateUse> {
    const collected = this.#inspector.call('HeapProfiler.collectGarbage');
    // V8 collects in a task of its own, and workerd runs such tasks when a request has the isolate run.
    while ((await Promise.race([collected, sleep(NUDGE_EACH_MS, 'waiting')])) === 'waiting') {
      // A connection that was idle may be closed at the moment at which it is used again.
      await fetch(`${this.#origin}/healthz`).then(
        (response) => response.text(),
        (error: unknown) => console.error(String(error)),
      );
    }
    return this.use();
  }

  /** Runs an operation and watches. */
  async during<Result>(operation: () => Promise<Result>): Promise<{ result: Result; peak: Peak }> {
    await this.live();
    const before = await this.#resident('VmRSS');
    // Resets the process' high-water mark (proc(5), clear_refs).
    await writeFile(`/proc/${this.#pid}/clear_refs`, '5');
    const cpuBefore = await this.#cpuSeconds();
    const watched = { isOver: false };
    const live = this.#mostLive(watched);
    try {
      const result = await operation();
      watched.isOver = true;
      const cpuSeconds = (await this.#cpuSeconds()) - cpuBefore;
      const grown = (await this.#resident('VmHWM')) - before;
      return { result, peak: { live: await live, process: grown, cpuSeconds } };
    } finally {
      watched.isOver = true;
    }
  }

  async #mostLive(watched: { readonly isOver: boolean }): Promise<number> {
    let most = 0;
    while (!watched.isOver) {
      const { heap, buffers } = await this.live();
      most = Math.max(most, heap + buffers);
      await sleep(SAMPLE_EACH_MS);
    }
    return most;
  }

  close(): void {
    this.#inspector.close();
  }

  async #cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.#pid}/stat`, 'utf8');
    // "pid (name) state …": user and system time are fields 14 and 15 (proc_pid_stat(5)), in hundredths of a second.
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  }

  async #resident(field: 'VmRSS' | 'VmHWM'): Promise<number> {
    const status = await readFile(`/proc/${this.#pid}/status`, 'utf8');
    return (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024) / MEGABYTE;
  }
}

const HeapUsage = z.object({
  usedSize: z.number(),
  embedderHeapUsedSize: z.number(),
  backingStorageSize: z.number(),
});

const Answer = z.object({
  id: z.number().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** The Chrome DevTools Protocol, as far as it is needed here. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: z.infer<typeof Answer>) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const answer = Answer.parse(JSON.parse(data.toString('utf8')));
      if (answer.id === undefined) return;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  static async connect(url: string): Promise<Inspector> {
    const socket = new WebSocket(url, { maxPayload: 0 });
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return new Inspector(socket);
  }

  /** @throws where the isolate refuses */
  async call(method: string): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#socket.send(JSON.stringify({ id, method }));
    const { result, error } = await new Promise<z.infer<typeof Answer>>((resolve) =>
      this.#waiting.set(id, resolve),
    );
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  close(): void {
    this.#socket.close();
  }
}

/** The process that runs the Worker; `wrangler dev` has another one as its proxy. */
async function roomsProcess(pids: readonly number[]): Promise<number> {
  for (const pid of await workerds(pids)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    if (command.includes('--inspector-addr')) return pid;
  }
  throw new Error('No workerd process with an inspector runs.');
}

async function workerds(pids: readonly number[]): Promise<number[]> {
  const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => names[index]?.trim() === 'workerd');
}

/** The port at which `wrangler dev` passes on what a debugger says. */
async function inspectorUrl(pids: readonly number[]): Promise<string> {
  return until('the inspector', async () => {
    for (const pid of await workerds(pids)) {
      for (const port of await listeningPorts(pid)) {
        const url = `ws://127.0.0.1:${port}/ws`;
        const targets = await fetch(`http://127.0.0.1:${port}/json`, { signal: AbortSignal.timeout(1_000) })
          .then((response) => response.text())
          .catch(() => '');
        if (targets.includes(url)) return url;
      }
    }
    return undefined;
  });
}

async function listeningPorts(pid: number): Promise<number[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(
    descriptors.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')),
  );
  const sockets = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  // Columns of /proc/net/tcp (proc(5)): number, local address, remote address, state, …, inode.
  return (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).split('\n').flatMap((line) => {
    const columns = line.trim().split(/\s+/);
    const [, local, , state] = columns;
    if (local === undefined || state !== LISTENING || !sockets.has(columns[9] ?? '')) return [];
    return [Number.parseInt(local.split(':')[1] ?? '', 16)];
  });
}
