import * as z from 'zod';
import { DAY_S } from '../read/storage-curve.ts';
import type { Interval } from '../read/usage-history.ts';

/** Maximum length of an interval: a year and about a month. */
const MAX_DAYS = 400;
/** Default length of an interval, including today. */
const DEFAULT_DAYS = 30;

const getRule = (name: string): string =>
  `${name} is a date, such as 2026-11-01, or a time in UTC, such as 2026-11-01T12:00:00Z.`;

/** Unix seconds, the resolution of the history. */
function timeParameter(name: 'from' | 'to', description: string) {
  return z
    .union([z.iso.date(), z.iso.datetime()], { error: getRule(name) })
    .transform((text) => Math.floor(Date.parse(text) / 1_000))
    .pipe(z.int({ error: getRule(name) }))
    .optional()
    .meta({ description });
}

/** The parameters of `GET /api/usage/history`. */
export const historyQuerySchema = z.object({
  from: timeParameter(
    'from',
    `Start: a date (midnight in UTC at which it begins) or a time in UTC. Default: ${DEFAULT_DAYS} days including the last. At most ${MAX_DAYS} days before \`to\`.`,
  ),
  to: timeParameter('to', 'End: a date or a time in UTC. Default and latest value: now.'),
});

export type HistoryQuery = z.output<typeof historyQuerySchema>;

/**
 * The requested interval, or what is wrong with the query.
 * @param now Unix seconds
 */
export function getInterval(
  query: HistoryQuery,
  now: number,
): Interval | { readonly field: string; readonly detail: string } {
  const to = Math.min(query.to ?? now, now);
  const lastDay = Math.ceil(to / DAY_S) - 1;
  const from = query.from ?? (lastDay + 1 - DEFAULT_DAYS) * DAY_S;
  if (from > to) {
    const limit = to === now ? 'now' : '`to`';
    return { field: 'from', detail: `from must not be later than ${limit}.` };
  }
  if (to - from > MAX_DAYS * DAY_S) {
    return { field: 'from', detail: `from must be at most ${MAX_DAYS} days before \`to\`.` };
  }
  return { from, to };
}
