/** Versions that a room made by itself are kept this densely; the first row whose age is not exceeded counts. */
const DENSITY = [
  { untilAgeMs: 24 * 60 * 60_000, oneEachMs: 0 },
  { untilAgeMs: 7 * 24 * 60 * 60_000, oneEachMs: 60 * 60_000 },
  { untilAgeMs: 90 * 24 * 60 * 60_000, oneEachMs: 24 * 60 * 60_000 },
  { untilAgeMs: Infinity, oneEachMs: 7 * 24 * 60 * 60_000 },
] as const;

/**
 * Which of the versions that a room made by itself may go: all but the last of each hour, day or week as they age, and
 * the oldest of those that are too many. Thinning again takes nothing that thinning has left at the same time.
 * @param createdAts Unix milliseconds
 * @param most how many may stay
 */
export function findSurplusVersions(createdAts: readonly number[], now: number, most: number): number[] {
  const newestFirst = createdAts.toSorted((a, b) => b - a);
  const kept = new Set<string>();
  return newestFirst.filter((createdAt) => {
    const each = DENSITY.find(({ untilAgeMs }) => now - createdAt <= untilAgeMs)?.oneEachMs ?? 0;
    const slot = each === 0 ? String(createdAt) : `${each} ${Math.floor(createdAt / each)}`;
    if (kept.has(slot) || kept.size === most) return true;
    kept.add(slot);
    return false;
  });
}
