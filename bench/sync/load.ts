import type { Wire } from './contender.ts';
import { burst } from './load/burst.ts';
import { fanOut } from './load/fan-out.ts';
import { herd } from './load/herd.ts';

/** What a load generator is asked to do, in JSON as its one argument. */
export interface LoadTask {
  readonly load: keyof typeof LOADS;
  readonly wire: Wire;
  /** Of a room that nobody has used before. */
  readonly url: string;
  readonly readers: number;
  readonly edits: number;
  /** Between two edits. */
  readonly everyMs: number;
  readonly documentBytes: number;
  /** Whether what arrived can be compared: not where the server keeps nothing. */
  readonly keepsDocuments: boolean;
}

/** Figures by name: times in ms. A load that finds anything missing or wrong fails instead. */
export type LoadResult = Readonly<Record<string, number>>;

/** What a load calls around the part that counts, so that the server's cost is taken there. */
export type Clock = (moment: 'begin' | 'end') => Promise<void>;

const LOADS = { fanOut, burst, herd } as const;

/** Says when the part that counts begins and ends, and waits until the server's cost was read. */
const clock: Clock = (moment) =>
  new Promise((resolve) => {
    process.once('message', () => resolve());
    process.send?.(moment);
  });

const task: LoadTask = JSON.parse(process.argv[2] ?? '');
const result = await LOADS[task.load](task, clock);
process.send?.(result, () => process.exit(0));
