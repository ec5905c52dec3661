import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Contender } from './contender.ts';
import type { Load, LoadResult, LoadTask, Moment } from './load-task.ts';
import { readProcessCost, type ProcessCost } from './process-cost.ts';

/**
 * Figures of a load and the server's cost: CPU seconds between begin and end, memory at the end, and its growth since `idle`,
 * or since `begin` if the load has no `idle`.
 */
export type Measured = LoadResult & {
  readonly cpuSeconds: number;
  readonly megabytes: number;
  readonly grownMegabytes: number;
};

/**
 * Runs a load in a separate process.
 * @throws with its output if it fails
 */
export async function runLoad(contender: Contender, load: Load): Promise<Measured> {
  const { wire, keepsDocuments } = contender;
  const task: LoadTask = { ...load, wire, keepsDocuments, url: await contender.url('ROOM') };
  // Structured clone keeps NaN, JSON does not.
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
    void readProcessCost(contender.pid).then((cost) => {
      costs.set(message, cost);
      child.send('go on');
      return undefined;
    });
  });
  // `close`, not `exit`: all messages have been read.
  await once(child, 'close');
  const [idle, begin, end] = [costs.get('idle'), costs.get('begin'), costs.get('end')];
  if (result === null || begin === undefined || end === undefined) {
    // The server's output may contain the reason.
    const output = [printed.join('').trim(), contender.printed].join('\n');
    throw new Error(`${contender.name}, ${task.load}: ${output}`);
  }
  const own: LoadResult = result;
  return {
    ...own,
    cpuSeconds: end.cpuSeconds - begin.cpuSeconds,
    megabytes: end.bytes / 1e6,
    grownMegabytes: (end.bytes - (idle ?? begin).bytes) / 1e6,
  };
}
