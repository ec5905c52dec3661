import { GOALS } from '../goals.ts';
import { type GoalResult, judge } from './goal.ts';
import { lossesIn } from './medians.ts';
import type { BenchmarkResult, Results } from './results.ts';
import { benchmarkTable, inTimes, number, table, formatTitle } from './tables.ts';

/** docs/internals/benchmarks.md: all of it follows from the results, and from what the goals are. */
export function page(results: Results): string {
  const { benchmarks } = results;
  return `${[
    '# Benchmarks',
    results.quick
      ? 'From a quick run, which only checks that everything works: **the figures mean nothing**.'
      : INTRODUCTION,
    ...conditions(results),
    '## Goals',
    ...goals(benchmarks),
    '## Where another server is better',
    losses(benchmarks),
    ...benchmarks.flatMap(section),
  ].join('\n\n')}\n`;
}

const INTRODUCTION = `Roomkeeper and three other servers, on one machine, in one run. \`npm run bench\` measures everything again and writes this page;
\`npm run bench -- --help\` lists the options.

- Servers take turns, so that other load on the machine affects all of them. Clients are separate processes on the same machine.
- A time counts only if the received content is equal to the sent content.
- A cell is the median of the rounds, with the least and the greatest value in brackets if they differ.
- A _floor_ is the least that anything of its kind needs on this machine. "Roomkeeper / floor" is the quotient of the medians.`;

function conditions({ startedAt, machine, versions }: Results): string[] {
  const { cpu, cores, memoryBytes, kernel, loadBefore } = machine;
  const rows = [
    ['date', startedAt.slice(0, 10)],
    ['processor', cpu],
    ['cores', String(cores)],
    ['memory', `${number(memoryBytes / 2 ** 30, { digits: 1 })} GiB`],
    ['kernel', kernel],
    ['load average at the start', number(loadBefore, { digits: 2 })],
    ...Object.entries(versions),
  ];
  return ['## Conditions', table(['', ''], rows)];
}

function goals(benchmarks: readonly BenchmarkResult[]): string[] {
  const judged = GOALS.map((goal) => judge(goal, benchmarks));
  const met = judged.filter(({ isMet }) => isMet).length;
  return [
    `${met} of ${judged.length} goals are met. Goals compare medians. For a goal that is not met, the last column has Roomkeeper's figure as a multiple of the floors'.`,
    table(['goal', 'measured', '', 'multiple of the floor'], judged.map(goalRow)),
  ];
}

function goalRow({ goal, says, measured, isMet, floors }: GoalResult): string[] {
  if (measured === null) return [says, '', 'not measured', ''];
  const found = goal.kind === 'at most' ? String(measured) : `${inTimes(measured)} times`;
  // What is met needs no excuse.
  const beside = isMet ? '' : floors.map(({ name, times }) => `${inTimes(times)} times ${name}`).join(', ');
  return [says, found, isMet ? 'met' : '**not met**', beside];
}

function losses(benchmarks: readonly BenchmarkResult[]): string {
  const rows = benchmarks.flatMap((benchmark) =>
    lossesIn(benchmark).map(({ figure, ours, peer, oursIs, peerIs }) => [
      benchmark.name,
      formatTitle(figure),
      `${ours.name}: ${number(oursIs, figure)}`,
      `${peer.name}: ${number(peerIs, figure)}`,
    ]),
  );
  if (rows.length === 0) return 'No median of another server is better in this run.';
  return `Each figure in which the median of another server is better.\n\n${table(['benchmark', 'figure', 'Roomkeeper', 'other server'], rows)}`;
}

function section(benchmark: BenchmarkResult): string[] {
  const { name, method, failure, subjects } = benchmark;
  const head = `## ${sentence(name)}`;
  if (failure !== null) return [head, method, `**It failed**: ${failure}`];
  if (subjects.length === 0) return [head, method, 'Not measured in this run.'];
  const rounds = Math.max(
    ...subjects.flatMap(({ values }) => Object.values(values).map(({ length }) => length)),
  );
  const remarks = subjects.flatMap(({ name, remark }) =>
    remark === undefined ? [] : [`- ${name}: ${remark}`],
  );
  return [
    head,
    rounds > 1 ? `${method} ${rounds} rounds.` : method,
    benchmarkTable(benchmark),
    ...(remarks.length > 0 ? [remarks.join('\n')] : []),
  ];
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
