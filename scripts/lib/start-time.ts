import { readFile } from 'node:fs/promises';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { runningProcesses } from './process-table.ts';

/** Starts of each; the medians are reported. */
const STARTS = 5;

/** What starting a Worker takes, in milliseconds. */
export interface StartTime {
  /** Until the first answer. */
  readonly wallMs: number;
  /** Of the processor; `null` where only Linux could report. */
  readonly cpuMs: number | null;
}

/**
 * How much longer workerd takes to its first answer with a Worker than with one that does nothing: what parsing the script
 * and running its top level costs. The other one is padded to the same length, since bringing a script to workerd is no
 * part of that. They are started in turns, so that a machine that is busy with something else slows both.
 * @param script a bundle of one module, which answers `GET /healthz` without bindings
 */
export async function measureStart(script: string, compatibilityDate: string): Promise<StartTime> {
  const idle = 'export default { fetch: () => new Response("ok") };//';
  const padded = idle.padEnd(script.length, 'x');
  const extra: StartTime[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one at a time, or they would slow each other
    const nothing = await start(padded, compatibilityDate);
    // oxlint-disable-next-line no-await-in-loop
    const worker = await start(script, compatibilityDate);
    extra.push({
      wallMs: worker.wallMs - nothing.wallMs,
      cpuMs: worker.cpuMs === null || nothing.cpuMs === null ? null : worker.cpuMs - nothing.cpuMs,
    });
  }
  const cpuTimes = extra.flatMap(({ cpuMs }) => (cpuMs === null ? [] : [cpuMs]));
  return {
    wallMs: median(extra.map(({ wallMs }) => wallMs)),
    cpuMs: cpuTimes.length === 0 ? null : median(cpuTimes),
  };
}

async function start(script: string, compatibilityDate: string): Promise<StartTime> {
  const startedAt = performance.now();
  const server = new Miniflare(
    convertV4MiniflareOptions({
      modules: [{ type: 'ESModule', path: 'index.js', contents: script }],
      compatibilityDate,
    }),
  );
  try {
    const response = await server.dispatchFetch('http://localhost/healthz');
    const text = await response.text();
    if (text !== 'ok') throw new Error(`The bundled Worker does not start: ${response.status} ${text}`);
    return { wallMs: performance.now() - startedAt, cpuMs: await cpuTimeOfWorkerd() };
  } finally {
    await server.dispose();
  }
}

/** Of all threads of the workerd that this process has started. */
async function cpuTimeOfWorkerd(): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const workerd = (await runningProcesses()).find(
    ({ ppid, command }) => ppid === process.pid && command.includes('workerd'),
  );
  if (workerd === undefined) throw new Error('workerd does not run.');
  const stat = await readFile(`/proc/${workerd.pid}/stat`, 'utf8');
  // utime and stime, fields 14 and 15, in ticks of 10 ms (proc_pid_stat(5)); the name before may hold spaces.
  const [utime, stime] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return 10 * ((utime ?? 0) + (stime ?? 0));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
