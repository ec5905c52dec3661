import type { DayTotal } from './deps.ts';

/** How a total has changed over some days; `null` where the history does not reach back so far. */
export function growthOver(days: readonly DayTotal[], count: number): number | null {
  const last = days.at(-1);
  const then = days.at(-1 - count);
  if (last?.storageBytes == null || then?.storageBytes == null) return null;
  return last.storageBytes - then.storageBytes;
}
