import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Contender } from './contender.ts';
import type { LoadResult, LoadTask } from './load.ts';
import { costOf, type ProcessCost } from './process-cost.ts';

/** What a load came to, with the server's own part: CPU seconds between begin and end, and memory at the end. */
export type Measured = LoadResult & { readonly cpuSeconds: number; readonly megabytes: number };

/**
 * Runs a load in a process of its own.
 * @throws where it fails, with what it printed
 */
export async function runLoad(
  contender: Contender,
  room: string,
  task: Omit<LoadTask, 'wire' | 'url' | 'keepsDocuments'>,
): Promise<Measured> {
  const { wire, keepsDocuments } = contender;
  const whole: LoadTask = { ...task, wire, keepsDocuments, url: await contender.url(room) };
  const child = fork(path.join(import.meta.dirname, 'load.ts'), [JSON.stringify(whole)], { silent: true });
  const printed: string[] = [];
  child.stderr?.on('data', (data: Buffer) => printed.push(data.toString()));
  const costs: ProcessCost[] = [];
  let result: LoadResult | null = null;
  child.on('message', (message: LoadResult | 'begin' | 'end') => {
    if (typeof message !== 'string') {
      result = message;
      return;
    }
    void costOf(contender.pid).then((cost) => {
      costs.push(cost);
      child.send('go on');
      return undefined;
    });
  });
  await once(child, 'exit');
  const [before, after] = costs;
  if (result === null || before === undefined || after === undefined) {
    throw new Error(`${contender.name}, ${task.load}: ${printed.join('').trim()}`);
  }
  const own: LoadResult = result;
  return { ...own, cpuSeconds: after.cpuSeconds - before.cpuSeconds, megabytes: after.bytes / 1e6 };
}
