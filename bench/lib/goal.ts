import type { Subject } from './benchmark.ts';
import { median, multiple } from './medians.ts';
import type { BenchmarkResult } from './results.ts';

/** Whose goals they are. */
const OURS = 'Roomkeeper';

/** What a figure is to be, by the medians of a run. */
export type Goal = {
  /** By its name. */
  readonly benchmark: string;
  /** By its key. */
  readonly figure: string;
} & (
  | {
      /** Ours is better than this peer's by this factor; with 1, at least as good. */
      readonly kind: 'ahead';
      readonly peer: string;
      readonly times: number;
    }
  | {
      /** The measured value is at most this. */
      readonly kind: 'at most';
      readonly subject: string;
      readonly value: number;
    }
  | {
      /** The measured value is at most, or at least, a multiple of another subject's value. */
      readonly kind: 'at most times' | 'at least times';
      readonly subject: string;
      readonly of: string;
      /** The figure of the other subject; default: the same figure. */
      readonly ofFigure?: string;
      readonly times: number;
    }
);

export interface GoalResult {
  readonly goal: Goal;
  /** What is to be, in words. */
  readonly says: string;
  /** What the bound is compared with; `null` where it was not measured. */
  readonly measured: number | null;
  readonly isMet: boolean;
  /** The same figure of ours in multiples of the floors'. */
  readonly floors: readonly { readonly name: string; readonly times: number }[];
}

export function judge(goal: Goal, results: readonly BenchmarkResult[]): GoalResult {
  const result = results.find(({ name }) => name === goal.benchmark);
  const figure = result?.figures.find(({ key }) => key === goal.figure);
  const createSubject = (name: string): Subject | undefined =>
    result?.subjects.find((subject) => subject.name === name);
  const valueOf = (name: string, key = goal.figure): number | null => {
    const subject = createSubject(name);
    return subject === undefined ? null : median(subject, key);
  };
  const ours = createSubject(goal.kind === 'ahead' ? OURS : goal.subject);
  const floors = (result?.subjects ?? []).flatMap((floor) => {
    if (floor.role !== 'floor' || ours === undefined || ours.role !== 'ours') return [];
    const times = multiple(ours, floor, goal.figure);
    return times === null ? [] : [{ name: floor.name, times }];
  });
  const title = `${goal.benchmark}, ${figure?.title ?? goal.figure}`;
  const createResult = (
    says: string,
    measured: number | null,
    isMet: (measured: number) => boolean,
  ): GoalResult => ({
    goal,
    says: `${title}: ${says}`,
    measured,
    isMet: measured !== null && isMet(measured),
    floors,
  });
  if (goal.kind === 'ahead') {
    const [here, there] = [valueOf(OURS), valueOf(goal.peer)];
    const measured = figure?.better === 'lower' ? ratio(there, here) : ratio(here, there);
    const says =
      goal.times === 1 ? `no worse than ${goal.peer}` : `${goal.times} times better than ${goal.peer}`;
    return createResult(says, measured, (times) => times >= goal.times);
  }
  if (goal.kind === 'at most') {
    return createResult(`at most ${goal.value}`, valueOf(goal.subject), (value) => value <= goal.value);
  }
  const { subject, of, ofFigure, times } = goal;
  const measured = ratio(valueOf(subject), valueOf(of, ofFigure));
  const isMost = goal.kind === 'at most times';
  const says = `${subject} at ${isMost ? 'most' : 'least'} ${Number(times.toFixed(3))} times ${of}`;
  return createResult(says, measured, (found) => (isMost ? found <= times : found >= times));
}

/** Whether the goal names a benchmark, figure or subject that was not measured. */
export function isAimless(goal: Goal, results: readonly BenchmarkResult[]): boolean {
  const result = results.find(({ name }) => name === goal.benchmark);
  const keys = result?.figures.map(({ key }) => key) ?? [];
  const wanted = [goal.figure, ...('ofFigure' in goal ? [goal.ofFigure] : [])];
  if (wanted.some((key) => !keys.includes(key))) return true;
  const names = result?.subjects.map(({ name }) => name) ?? [];
  const named =
    goal.kind === 'ahead' ? [OURS, goal.peer] : [goal.subject, ...('of' in goal ? [goal.of] : [])];
  return names.length > 0 && named.some((name) => !names.includes(name));
}

function ratio(one: number | null, other: number | null): number | null {
  return one === null || other === null || other === 0 ? null : one / other;
}
