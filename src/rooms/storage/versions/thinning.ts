/** How densely automatic versions are kept, by age. The first row with a sufficient age applies. */
const DENSITY = [
  { untilAgeMs: 24 * 60 * 60_000, oneEachMs: 0 },
  { untilAgeMs: 7 * 24 * 60 * 60_000, oneEachMs: 60 * 60_000 },
  { untilAgeMs: 90 * 24 * 60 * 60_000, oneEachMs: 24 * 60 * 60_000 },
  { untilAgeMs: Infinity, oneEachMs: 7 * 24 * 60 * 60_000 },
] as const;

/**
 * Finds the automatic versions to remove: all but the last of each hour, day or week, depending on age, and the oldest beyond
 * `maxKept`. Idempotent for the same time.
 * @param createdAts Unix milliseconds
 */
export function findSurplusVersions(createdAts: readonly number[], now: number, maxKept: number): number[] {
  const newestFirst = createdAts.toSorted((a, b) => b - a);
  const kept = new Set<string>();
  return newestFirst.filter((createdAt) => {
    const each = DENSITY.find(({ untilAgeMs }) => now - createdAt <= untilAgeMs)?.oneEachMs ?? 0;
    const slot = each === 0 ? String(createdAt) : `${each} ${Math.floor(createdAt / each)}`;
    if (kept.has(slot) || kept.size === maxKept) return true;
    kept.add(slot);
    return false;
  });
}
