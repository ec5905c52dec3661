import type { Child } from 'hono/jsx';
import { formatAgo, formatBytes, formatExactBytes, formatExactTime } from './format.ts';

/** A size for people, with the exact one at hand. */
export function Bytes({ bytes }: { bytes: number }) {
  return (
    <data value={String(bytes)} title={formatExactBytes(bytes)}>
      {formatBytes(bytes)}
    </data>
  );
}

/** A time for people, with the exact one at hand. Both are Unix milliseconds. A script keeps it true (assets/live/ages.ts). */
export function Ago({ then, now }: { then: number; now: number }) {
  return (
    <time data-ago datetime={new Date(then).toISOString()} title={formatExactTime(then)}>
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

/** When the page's figures were read. A script keeps it true (assets/live/follow-page.ts). */
export function AsOf({ now }: { now: number }) {
  return (
    <p class="as-of">
      As of{' '}
      <time data-as-of datetime={new Date(now).toISOString()}>
        {formatExactTime(now)}
      </time>
    </p>
  );
}

/** A figure of a `<dl class="figures">`. What is told in words, as a time is, needs more room. */
export function Figure(props: { label: string; note?: Child; isWords?: boolean; children?: Child }) {
  return (
    <div class="figure">
      <dt>{props.label}</dt>
      <dd>
        <strong class={props.isWords === true ? 'words' : undefined}>{props.children}</strong>
        {props.note === undefined ? null : <span class="note">{props.note}</span>}
      </dd>
    </div>
  );
}
