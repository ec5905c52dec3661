/** The value that so much of the sample lies below: 0.5 is the median. */
export function quantile(sample: readonly number[], share: number): number {
  const ordered = Float64Array.from(sample).toSorted();
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] ?? Number.NaN;
}

/**
 * Between which two numbers the difference of two samples' quantiles lies, with 95 % confidence: the percentile
 * bootstrap. Where 0 is among them, the samples cannot be told apart.
 */
export function differenceOf(
  sample: readonly number[],
  other: readonly number[],
  share: number,
  random: () => number,
): { readonly from: number; readonly to: number } {
  const RESAMPLES = 1_000;
  const again = (values: readonly number[]) =>
    values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN);
  const differences = Array.from(
    { length: RESAMPLES },
    () => quantile(again(sample), share) - quantile(again(other), share),
  );
  return { from: quantile(differences, 0.025), to: quantile(differences, 0.975) };
}
