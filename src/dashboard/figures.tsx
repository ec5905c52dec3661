import { formatAgo, formatBytes, formatExactBytes, formatExactTime } from './format.ts';

/** A size for people, with the exact one at hand. */
export function Bytes({ bytes }: { bytes: number }) {
  return (
    <data value={String(bytes)} title={formatExactBytes(bytes)}>
      {formatBytes(bytes)}
    </data>
  );
}

/** A time for people, with the exact one at hand. Both are Unix milliseconds. */
export function Ago({ then, now }: { then: number; now: number }) {
  return (
    <time datetime={new Date(then).toISOString()} title={formatExactTime(then)}>
      {formatAgo(then, now)}
    </time>
  );
}

/** A share from 0 to 1 as a bar. Says nothing to a screen reader: the number stands beside it. */
export function ShareBar({ share }: { share: number }) {
  // At least half a percent where there is anything, or it could not be seen.
  const width = share > 0 ? Math.max(0.5, Math.min(100, share * 100)) : 0;
  return (
    <svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      <rect width={width.toFixed(2)} height="1" />
    </svg>
  );
}
