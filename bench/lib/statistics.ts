/** The quantile of the sample: 0.5 is the median. */
export function quantile(sample: readonly number[], share: number): number {
  const ordered = Float64Array.from(sample).toSorted();
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] ?? Number.NaN;
}
