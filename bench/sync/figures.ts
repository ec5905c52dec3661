import type { Figure, Unit } from '../lib/benchmark.ts';

export const figure = (
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

export const CPU_PER_EDIT = figure('cpuMsPerEdit', 'CPU per edit', 'ms', 3);
export const CPU = figure('cpuSeconds', 'CPU', 's', 2);
export const TIME = figure('ms', 'time', 'ms', 0);
export const EDITS_PER_SECOND = figure('editsPerSecond', 'edits', '1/s', 0, 'higher');
export const MEMORY = figure('megabytes', 'memory after', 'MB', 0);

/** A load's figures, with the server's CPU time for an edit. */
export function perEdit(
  measured: Readonly<Record<string, number>>,
  edits: number,
): Readonly<Record<string, number>> {
  return { ...measured, cpuMsPerEdit: ((measured['cpuSeconds'] ?? Number.NaN) * 1_000) / edits };
}

/** For who reads what a table counts. */
export const CPU_IS = 'CPU is the time of all processes of the server.';
