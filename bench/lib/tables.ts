import type { Figure, Subject } from './benchmark.ts';
import { median, multiple } from './medians.ts';
import type { BenchmarkResult } from './results.ts';

/** The least that a column's line of dashes may be. */
const LEAST_WIDTH = 3;

/** A Markdown table as the project formats it, which reads as well in a terminal. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', String.raw`\|`)));
  const widths = head.map((_, column) =>
    Math.max(LEAST_WIDTH, ...cells.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => pad(row[column] ?? '', width)).join(' | ')} |`;
  const [first = [], ...others] = cells;
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)].join('\n');
}

const pad = (text: string, width: number) => text + ' '.repeat(width - text.length);

/** All subjects of a benchmark with medians and, of several rounds, from where to where they spread. */
export function benchmarkTable({ figures, subjects }: BenchmarkResult): string {
  const ours = subjects.filter(({ role }) => role === 'ours');
  const floors = subjects.filter(({ role }) => role === 'floor');
  const rows = subjects.map((subject) => [subject.name, ...figures.map((figure) => cell(subject, figure))]);
  const multiples = ours.flatMap((subject) =>
    floors.map((floor) => [
      `${subject.name} / ${floor.name}`,
      ...figures.map(({ key }) => {
        const times = multiple(subject, floor, key);
        return times === null ? '' : inTimes(times);
      }),
    ]),
  );
  return table(['', ...figures.map(formatTitle)], [...rows, ...multiples]);
}

function cell(subject: Subject, figure: Figure): string {
  const values = subject.values[figure.key] ?? [];
  const middle = median(subject, figure.key);
  if (middle === null) return '';
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (least === most) return number(middle, figure);
  return `${number(middle, figure)} (${number(least, figure)} to ${number(most, figure)})`;
}

export function formatTitle({ title, unit }: Figure): string {
  return unit === 'count' || unit === 'times' ? title : `${title}, ${unit}`;
}

export function number(value: number, { digits }: Pick<Figure, 'digits'>): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export const inTimes = (times: number): string => number(times, { digits: times < 10 ? 2 : 1 });
