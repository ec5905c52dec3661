import { readFile } from 'node:fs/promises';
import { runningProcesses, getProcessTree } from '../../scripts/lib/process-table.ts';

/** USER_HZ, which Linux has fixed for programs (time(7)). */
const TICKS_A_SECOND = 100;
const PAGE_BYTES = 4_096;

/** What a server's processes have taken so far. */
export interface ProcessCost {
  readonly cpuSeconds: number;
  /** Resident at the moment. */
  readonly bytes: number;
}

/** Cost of a process and its descendants. Linux only. */
export async function readProcessCost(pid: number): Promise<ProcessCost> {
  const tree = getProcessTree(pid, await runningProcesses());
  const costs = await Promise.all(tree.map((entry) => costOfOne(entry.pid)));
  return {
    cpuSeconds: costs.reduce((sum, cost) => sum + cost.cpuSeconds, 0),
    bytes: costs.reduce((sum, cost) => sum + cost.bytes, 0),
  };
}

async function costOfOne(pid: number): Promise<ProcessCost> {
  const [stat, statm] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/statm`, 'utf8').catch(() => ''),
  ]);
  // After "pid (name) ": state is field 3, utime 14, stime 15 (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    cpuSeconds: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_A_SECOND,
    bytes: Number(statm.split(' ')[1] ?? 0) * PAGE_BYTES,
  };
}
