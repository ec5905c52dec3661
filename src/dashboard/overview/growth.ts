import type { DayTotal } from './deps.ts';

/** The change over `count` days; `null` if the history is shorter. */
export function getGrowth(days: readonly DayTotal[], count: number): number | null {
  const last = days.at(-1);
  const then = days.at(-1 - count);
  if (last?.storageBytes == null || then?.storageBytes == null) return null;
  return last.storageBytes - then.storageBytes;
}
