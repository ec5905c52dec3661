import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Contender } from './contender.ts';
import type { Load, LoadResult, LoadTask, Moment } from './load-task.ts';
import { costOf, type ProcessCost } from './process-cost.ts';

/**
 * What a load came to, with the server's own part: CPU seconds between begin and end, memory at the end, and by how much it grew since
 * nobody was connected, where the load told when that was.
 */
export type Measured = LoadResult & {
  readonly cpuSeconds: number;
  readonly megabytes: number;
  readonly grownMegabytes: number;
};

/**
 * Runs a load in a process of its own.
 * @throws where it fails, with what it printed
 */
export async function runLoad(contender: Contender, load: Load): Promise<Measured> {
  const { wire, keepsDocuments } = contender;
  const task: LoadTask = { ...load, wire, keepsDocuments, url: await contender.url('ROOM') };
  // JSON, unlike the clone of structures, has no NaN.
  const child = fork(path.join(import.meta.dirname, 'load.ts'), [JSON.stringify(task)], {
    silent: true,
    serialization: 'advanced',
  });
  const printed: string[] = [];
  child.stderr?.on('data', (data: Buffer) => printed.push(data.toString()));
  const costs = new Map<Moment, ProcessCost>();
  let result: LoadResult | null = null;
  child.on('message', (message: LoadResult | Moment) => {
    if (typeof message !== 'string') {
      result = message;
      return;
    }
    void costOf(contender.pid).then((cost) => {
      costs.set(message, cost);
      child.send('go on');
      return undefined;
    });
  });
  // Not at its exit: what it said last may not have been read by then.
  await once(child, 'close');
  const [idle, begin, end] = [costs.get('idle'), costs.get('begin'), costs.get('end')];
  if (result === null || begin === undefined || end === undefined) {
    // The reason may be the server's.
    const said = [printed.join('').trim(), contender.printed].join('\n');
    throw new Error(`${contender.name}, ${task.load}: ${said}`);
  }
  const own: LoadResult = result;
  return {
    ...own,
    cpuSeconds: end.cpuSeconds - begin.cpuSeconds,
    megabytes: end.bytes / 1e6,
    grownMegabytes: (end.bytes - (idle ?? begin).bytes) / 1e6,
  };
}
