import { env } from 'cloudflare:workers';
import { DAY_S } from '../../../src/registry/read/storage-curve.ts';

/** A row of `user_storage_day` as it stands in D1. */
export interface Day {
  day: number;
  opened_bytes: number;
  storage_bytes: number;
  changed_at: number;
  byte_seconds: number;
  steps: string;
  seq: number;
}

/** `[second of the day, total, byte-seconds before it]`. */
export type StepOfDay = [number, number, string?];

/** How the history is kept, each day in its order. */
export async function readDays(userId: string): Promise<Day[]> {
  const found = env.DB.prepare('SELECT * FROM user_storage_day WHERE user_id = ? ORDER BY day').bind(userId);
  return (await found.all<Day>()).results;
}

export const parseSteps = ({ steps }: Day): StepOfDay[] => JSON.parse(steps);

/** D1's clock, by which history is kept, Unix seconds. */
export async function clock(): Promise<number> {
  return (await env.DB.prepare('SELECT unixepoch() AS now').first<number>('now')) ?? 0;
}

/** What a test does within some seconds happens on one day. */
export async function awayFromMidnight(): Promise<void> {
  const left = DAY_S - ((await clock()) % DAY_S);
  if (left < 10) await new Promise((resolve) => setTimeout(resolve, left * 1_000));
}

/*
 * The clock of the history is D1's own and real. So time passes the other way round: what has happened is put further into the
 * past, as the triggers would have kept it then. The next change follows after the same time.
 */

/** Moves the history of a user into the past by a number of days. */
export async function letDaysPass(userId: string, days: number): Promise<void> {
  const aside = 1_000_000;
  await env.DB.batch(
    // Aside first, so that no day is where another one still is.
    [aside, days - aside].map((by) =>
      env.DB.prepare(
        'UPDATE user_storage_day SET day = day - ?2, changed_at = changed_at - ?2 * ?3 WHERE user_id = ?1',
      ).bind(userId, by, DAY_S),
    ),
  );
}

/** Moves the start of the last day of a user's history into the past by a number of seconds, or into the future if negative. */
export async function shiftLastDay(userId: string, seconds: number): Promise<void> {
  const last = (await readDays(userId)).at(-1);
  if (last === undefined) throw new Error('no day');
  const opened = BigInt(last.opened_bytes) * BigInt(seconds);
  const steps = parseSteps(last).map(([at, bytes, sum]) =>
    sum === undefined ? [at - seconds, bytes] : [at - seconds, bytes, String(BigInt(sum) - opened)],
  );
  await env.DB.prepare(
    `UPDATE user_storage_day SET changed_at = changed_at - ?3, byte_seconds = byte_seconds - cast(?4 AS integer), steps = ?5
     WHERE user_id = ?1 AND day = ?2`,
  )
    // As text: beyond what a number holds.
    .bind(userId, last.day, seconds, String(opened), JSON.stringify(steps))
    .run();
}
