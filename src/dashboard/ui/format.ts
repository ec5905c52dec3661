const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
/** Decimal prefixes (IEC 80000-13), as disks and invoices use. */
const UNIT_STEP = 1_000;

const GROUPED = new Intl.NumberFormat('en-US');
const RELATIVE = new Intl.RelativeTimeFormat('en-US', { numeric: 'always' });

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** The mean Gregorian month. The exact time is shown next to the age. */
const MONTH_MS = 30.436875 * DAY_MS;
const YEAR_MS = 12 * MONTH_MS;
/** Below this, and for times in the near future (clock skew), the age is "just now". */
const JUST_NOW_MS = 10 * SECOND_MS;

const STEPS = [
  { unit: 'year', ms: YEAR_MS },
  { unit: 'month', ms: MONTH_MS },
  { unit: 'day', ms: DAY_MS },
  { unit: 'hour', ms: HOUR_MS },
  { unit: 'minute', ms: MINUTE_MS },
  { unit: 'second', ms: SECOND_MS },
] as const;

/** `1,234,567` */
export function formatCount(count: number): string {
  return GROUPED.format(count);
}

/** `1 room`, `2 rooms` */
export function formatCounted(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `1,234,567 bytes` */
export function formatExactBytes(bytes: number): string {
  return formatCounted(bytes, 'byte', 'bytes');
}

/** `1.2 MB`: two or three digits. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // Compares the rounded value: 999,999 bytes are 1.0 MB.
  while (unit < UNITS.length - 1 && value >= UNIT_STEP - (unit === 0 ? 0 : 0.5)) {
    value /= UNIT_STEP;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

/** `+1.2 MB`, `−300 kB` */
export function formatChange(bytes: number): string {
  if (bytes === 0) return 'no change';
  return `${bytes < 0 ? '\u2212' : '+'}${formatBytes(Math.abs(bytes))}`;
}

/** `2026-11-21` becomes `21 Nov`. */
export function formatDay(day: string): string {
  return DAY.format(new Date(`${day}T00:00:00Z`));
}

/** `2 minutes ago`. Both are Unix milliseconds. */
export function formatAgo(then: number, now: number): string {
  const age = now - then;
  if (age < JUST_NOW_MS) return 'just now';
  const step = STEPS.find(({ ms }) => age >= ms) ?? STEPS[STEPS.length - 1];
  return step === undefined ? 'just now' : RELATIVE.format(-Math.floor(age / step.ms), step.unit);
}

/** `2026-11-21 02:14:25 UTC` */
export function formatExactTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `42%`; `<1%` for a share between 0 and 0.01. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.01) return '<1%';
  return `${Math.round(share * 100)}%`;
}
