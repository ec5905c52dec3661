import type { Child } from 'hono/jsx';
import { formatAgo, formatBytes, formatExactBytes, formatExactTime } from './format.ts';

/** The title has the exact size. */
export function Bytes({ bytes }: { bytes: number }) {
  return (
    <data value={String(bytes)} title={formatExactBytes(bytes)}>
      {formatBytes(bytes)}
    </data>
  );
}

/** Unix milliseconds; the title has the exact time. assets/live/ages.ts updates it. */
export function Ago({ then, now }: { then: number; now: number }) {
  return (
    <time data-ago datetime={new Date(then).toISOString()} title={formatExactTime(then)}>
      {formatAgo(then, now)}
    </time>
  );
}

/** @param share from 0 to 1; hidden from screen readers, because the number is next to it */
export function ShareBar({ share }: { share: number }) {
  // At least 0.5 %, so that it is visible.
  const width = share > 0 ? Math.max(0.5, Math.min(100, share * 100)) : 0;
  return (
    <svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      <rect width={width.toFixed(2)} height="1" />
    </svg>
  );
}

/** When the page's data was read. assets/live/follow-page.ts updates it. */
export function ReadAt({ now }: { now: number }) {
  return (
    <p class="as-of">
      As of{' '}
      <time data-as-of datetime={new Date(now).toISOString()}>
        {formatExactTime(now)}
      </time>
    </p>
  );
}

/** An entry of `<dl class="figures">`. `isWords`: text in smaller letters. */
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
