import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { runToEnd } from '../../scripts/lib/processes.ts';
import type { Figure, Subject, Unit } from './benchmark.ts';

/** Of the figures that docs/internals/benchmarks.md shows. */
export const LATEST = path.join(import.meta.dirname, '../results/latest.json');
const OXFMT = path.join(import.meta.dirname, '../../node_modules/.bin/oxfmt');
/** Of a value: what lies behind them is noise. */
const SIGNIFICANT_DIGITS = 6;

const UNITS = [
  'ms',
  's',
  'bytes',
  'MB',
  'rows',
  '1/s',
  'times',
  'count',
  '$',
] as const satisfies readonly Unit[];

const FigureSchema: z.ZodType<Figure> = z.strictObject({
  key: z.string(),
  title: z.string(),
  unit: z.enum(UNITS),
  better: z.enum(['lower', 'higher']).nullable(),
  digits: z.number(),
});

const SubjectSchema: z.ZodType<Subject> = z.strictObject({
  name: z.string(),
  role: z.enum(['ours', 'peer', 'floor']),
  remark: z.string().exactOptional(),
  values: z.record(z.string(), z.array(z.number())),
});

const BenchmarkResultSchema = z.strictObject({
  name: z.string(),
  method: z.string(),
  /** Duration. */
  seconds: z.number(),
  /** Why it has no figures, where it failed. */
  failure: z.string().nullable(),
  figures: z.array(FigureSchema),
  subjects: z.array(SubjectSchema),
});

const ResultsSchema = z.strictObject({
  /** When the run began, ISO 8601. */
  startedAt: z.iso.datetime(),
  quick: z.boolean(),
  machine: z.strictObject({
    cpu: z.string(),
    cores: z.number(),
    memoryBytes: z.number(),
    kernel: z.string(),
    /** Processes that ran or waited to run in the minute before: 0 on a machine that had nothing else to do. */
    loadBefore: z.number(),
  }),
  versions: z.record(z.string(), z.string()),
  benchmarks: z.array(BenchmarkResultSchema),
});

export type BenchmarkResult = z.infer<typeof BenchmarkResultSchema>;
/** Of a complete run, with everything for the page. */
export type Results = z.infer<typeof ResultsSchema>;

/** @throws where the file is not there or is none of results */
export async function readResults(file: string): Promise<Results> {
  return ResultsSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}

/** Writes them as the project formats its files. */
export async function writeResults(file: string, results: Results): Promise<void> {
  // Numbers that are counted and not measured, such as bytes of memory, are not rounded.
  const text = JSON.stringify({
    ...results,
    benchmarks: JSON.parse(JSON.stringify(results.benchmarks, rounded)),
  });
  await writeFile(file, text);
  await formatFile(file);
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(SIGNIFICANT_DIGITS)) : value;
}

export async function formatFile(file: string): Promise<void> {
  await runToEnd({ command: OXFMT, args: [file] });
}
