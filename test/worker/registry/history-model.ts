import { DAY_S } from '../../../src/registry/read/storage-curve.ts';

interface Change {
  at: number;
  readonly bytes: number;
}

/** What a user stored since when: every change, in its order. Times are Unix seconds. */
export class HistoryModel {
  readonly changes: Change[] = [];

  get bytes(): number {
    return this.changes.at(-1)?.bytes ?? 0;
  }

  get changedAt(): number {
    return this.changes.at(-1)?.at ?? 0;
  }

  change(at: number, bytes: number): void {
    this.changes.push({ at, bytes });
  }

  letDaysPass(days: number): void {
    for (const change of this.changes) change.at -= days * DAY_S;
  }

  /** The changes of the last day that has any. */
  get lastDay(): readonly Change[] {
    const midnight = this.changedAt - (this.changedAt % DAY_S);
    return this.changes.filter(({ at }) => at >= midnight);
  }

  shiftLastDay(seconds: number): void {
    for (const change of this.lastDay) change.at -= seconds;
  }

  /** After the last change up to that second. */
  bytesAt(second: number): number {
    return this.changes.findLast(({ at }) => at <= second)?.bytes ?? 0;
  }

  /** After the last change before that second. */
  bytesBefore(second: number): number {
    return this.bytesAt(second - 1);
  }

  byteSeconds(from: number, to: number): bigint {
    let sum = 0n;
    for (const [index, { at, bytes }] of this.changes.entries()) {
      const begins = Math.max(from, at);
      const ends = Math.min(to, this.changes[index + 1]?.at ?? to);
      if (ends > begins) sum += BigInt(bytes) * BigInt(ends - begins);
    }
    return sum;
  }
}
