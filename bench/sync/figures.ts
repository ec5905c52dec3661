import type { Figure, Unit } from '../lib/benchmark.ts';

const figure = (
  key: string,
  title: string,
  unit: Unit,
  digits: number,
  better: Figure['better'] = 'lower',
): Figure => ({ key, title, unit, better, digits });

/** How long each reader waited for each edit. */
export const LATENCY: readonly Figure[] = [
  figure('p50', 'p50', 'ms', 1),
  figure('p95', 'p95', 'ms', 1),
  figure('p99', 'p99', 'ms', 1),
];

export const CPU_PER_EDIT = figure('cpuMsPerEdit', 'CPU an edit', 'ms', 3);
export const CPU = figure('cpuSeconds', 'CPU', 's', 2);
export const TIME = figure('ms', 'time', 'ms', 0);
export const EDITS_PER_SECOND = figure('editsPerSecond', 'edits', '1/s', 0, 'higher');
export const TIMES_DOCUMENT = figure('timesDocument', 'bytes a joiner, of the document', 'times', 3);
export const BYTES_PER_BYSTANDER = figure('bytesPerBystander', 'a bystander', 'bytes', 0);
