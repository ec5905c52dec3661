import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Subject } from '../../bench/lib/benchmark.ts';
import { judge } from '../../bench/lib/goal.ts';
import { lossesIn } from '../../bench/lib/medians.ts';
import { page } from '../../bench/lib/page.ts';
import { type BenchmarkResult, LATEST, readResults, type Results } from '../../bench/lib/results.ts';
import { benchmarkTable } from '../../bench/lib/tables.ts';

test('docs/internals/benchmarks.md is generated from the last results', async () => {
  const committed = await readFile(
    path.join(import.meta.dirname, '../../docs/internals/benchmarks.md'),
    'utf8',
  );
  expect(committed).toBe(page(await readResults(LATEST)));
});

/** Lower latency and higher rate are better; rounds are in any order. */
const subject = (name: string, role: Subject['role'], p99: number[], rate: number[]): Subject => ({
  name,
  role,
  values: { p99, rate },
});

const result: BenchmarkResult = {
  name: 'fan-out',
  method: 'A client types.',
  seconds: 1,
  failure: null,
  figures: [
    { key: 'p99', title: 'p99', unit: 'ms', better: 'lower', digits: 1 },
    { key: 'rate', title: 'edits', unit: '1/s', better: 'higher', digits: 0 },
  ],
  subjects: [
    subject('Roomkeeper', 'ours', [9, 4, 5], [2_000, 1_000, 900]),
    subject('faster', 'peer', [3, 4, 90], [500, 500, 500]),
    subject('slower', 'peer', [20, 20, 20], [1_001, 1, 2_000]),
    subject('least', 'floor', [2, 2, 2], [4_000, 4_000, 4_000]),
  ],
};

const ahead = (figure: string, peer: string, times: number) =>
  judge({ benchmark: 'fan-out', figure, kind: 'ahead', peer, times }, [result]);

describe('the page of benchmarks', () => {
  test('the page lists exactly the figures in which the median of another server is better', () => {
    const losses = lossesIn(result).map(({ figure, peer, oursIs, peerIs }) => [
      figure.key,
      peer.name,
      oursIs,
      peerIs,
    ]);
    expect(losses).toEqual([
      ['p99', 'faster', 5, 4],
      ['rate', 'slower', 1_000, 1_001],
    ]);
  });

  test('a goal is compared with medians, in the direction in which the figure is better', () => {
    expect(ahead('p99', 'slower', 4)).toMatchObject({ measured: 4, isMet: true });
    expect(ahead('p99', 'slower', 5)).toMatchObject({ isMet: false });
    expect(ahead('p99', 'faster', 1)).toMatchObject({ measured: 0.8, isMet: false });
    expect(ahead('rate', 'faster', 2)).toMatchObject({ measured: 2, isMet: true });
  });

  test('a goal that is not met shows the distance from the floor', () => {
    const goal = { benchmark: 'fan-out', figure: 'p99', kind: 'ahead', peer: 'faster', times: 1 } as const;
    expect(judge(goal, [result]).floors).toEqual([{ name: 'least', times: 2.5 }]);
  });

  test('a goal without a measurement is not met', () => {
    const goal = {
      benchmark: 'herd',
      figure: 'ms',
      kind: 'at most',
      subject: 'Roomkeeper',
      value: 1,
    } as const;
    expect(judge(goal, [result])).toMatchObject({ measured: null, isMet: false });
  });

  test('a table has medians with their range, and ours as multiples of the floor', () => {
    const [, , ours, , , , multiples] = benchmarkTable(result).split('\n');
    expect(ours).toMatch(/^\| Roomkeeper +\| 5\.0 \(4\.0 to 9\.0\) +\| 1,000 \(900 to 2,000\) \|$/);
    expect(multiples).toMatch(/^\| Roomkeeper \/ least \| 2\.50 +\| 0\.25 +\|$/);
  });

  test('a failed benchmark is shown with its reason', () => {
    const failed: Results = {
      startedAt: '2026-11-21T15:00:00.000Z',
      quick: false,
      machine: { cpu: 'some', cores: 2, memoryBytes: 2 ** 33, kernel: 'Linux 6', loadBefore: 0 },
      versions: {},
      benchmarks: [{ ...result, failure: 'a reader has another text', subjects: [] }],
    };
    expect(page(failed)).toContain('**It failed**: a reader has another text');
  });
});
