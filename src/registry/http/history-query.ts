import * as z from 'zod';
import { DAY_S } from '../read/storage-course.ts';
import type { Interval } from '../read/usage-history.ts';

/** Of one answer: a year and a month more. */
const MOST_DAYS = 400;
/** Unless told: today and the days before it. */
const DEFAULT_DAYS = 30;

const ruleOf = (name: string): string =>
  `${name} is a date, such as 2026-11-01, or a time in UTC, such as 2026-11-01T12:00:00Z.`;

/** Unix seconds: the history knows no shorter time, so fractions are dropped. */
function timeOf(name: 'from' | 'to', description: string) {
  return z
    .union([z.iso.date(), z.iso.datetime()], { error: ruleOf(name) })
    .transform((text) => Math.floor(Date.parse(text) / 1_000))
    .pipe(z.int({ error: ruleOf(name) }))
    .optional()
    .meta({ description });
}

/** The parameters of `GET /api/usage/history`. */
export const historyQuerySchema = z.object({
  from: timeOf(
    'from',
    `From when on: a date (the midnight in UTC with which it begins) or a time in UTC. Unless told, ${DEFAULT_DAYS} days, the last included. At most ${MOST_DAYS} days before \`to\`.`,
  ),
  to: timeOf('to', 'Until when, likewise. Now unless told, and no later than now.'),
});

export type HistoryQuery = z.output<typeof historyQuerySchema>;

/**
 * The interval that is asked for.
 * @param now Unix seconds
 */
export function intervalOf(
  query: HistoryQuery,
  now: number,
): Interval | { readonly field: string; readonly detail: string } {
  const to = Math.min(query.to ?? now, now);
  const lastDay = Math.ceil(to / DAY_S) - 1;
  const from = query.from ?? (lastDay + 1 - DEFAULT_DAYS) * DAY_S;
  if (from > to) {
    const limit = to === now ? 'now' : '`to`';
    return { field: 'from', detail: `from is no later than ${limit}.` };
  }
  if (to - from > MOST_DAYS * DAY_S) {
    return { field: 'from', detail: `from is at most ${MOST_DAYS} days before \`to\`.` };
  }
  return { from, to };
}
