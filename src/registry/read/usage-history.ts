import { sql } from 'drizzle-orm';
import { type AsOf, latestSeqStatement, type Reader, readerOf, seqOf } from './queries.ts';
import { courseOf, DAY_S, steadyCourse, type StorageCourse, type StorageDay } from './storage-course.ts';

/** Unix seconds, `from` no later than `to`. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** A row that tells of the interval, or of what was before. */
interface HistoryRow extends StorageDay {
  /** The first row there is, the last one before the interval, or one of its days. */
  readonly part: 'first' | 'before' | 'day';
  /** The first change of that day, Unix seconds; `null` where a hand has damaged `steps`. */
  readonly firstAt: number | null;
}

/** What a user stored on one day, or on the part of it that lies within an interval. */
interface DayOfHistory {
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  /** At its end or, on the last day, at the end of the interval. */
  readonly storageBytes: number;
  readonly byteSeconds: bigint;
}

export interface StorageHistory {
  /** When the first change was kept, Unix seconds; what was before counts as nothing. `null`: there was none yet. */
  readonly keptSince: number | null;
  /** At the end of the interval, a change in that very second included. */
  readonly storageBytes: number;
  readonly byteSeconds: bigint;
  /** Every day of which some lies within the interval, in their order; where it has no length, the day it lies in. */
  readonly days: readonly DayOfHistory[];
}

const dayOf = (second: number): number => Math.floor(second / DAY_S);

/** What a row of the statement below has, by the names of its columns. */
const COLUMNS = {
  part: sql<HistoryRow['part']>`part`.as('part'),
  day: sql<number>`day`.as('day'),
  openedBytes: sql<number>`opened_bytes`.as('opened_bytes'),
  storageBytes: sql<number>`storage_bytes`.as('storage_bytes'),
  changedAt: sql<number>`changed_at`.as('changed_at'),
  // Beyond what a number holds.
  byteSeconds: sql<string>`cast(byte_seconds AS text)`.as('byte_seconds'),
  firstAt: sql<number | null>`day * ${sql.raw(String(DAY_S))} + (steps ->> '$[0][0]')`.as('first_at'),
  steps: sql<string | null>`iif(is_cut, steps, NULL)`.as('steps_of_day'),
};

/**
 * The rows that the history of an interval follows from: those of its days, the one before and the very first. As many are
 * read, by the primary key, whatever else there is. The course within a day is needed of the first and the last alone. To be
 * put into one batch with whatever else a page shows.
 */
export function historyStatement(db: Pick<Reader, 'select'>, userId: string, { from, to }: Interval) {
  const [first, last] = [dayOf(from), dayOf(to)];
  return db.select(COLUMNS).from(sql`(
    SELECT * FROM (
      SELECT 'first' AS part, false AS is_cut, * FROM user_storage_day
      WHERE user_id = ${userId} ORDER BY day LIMIT 1
    )
    UNION ALL
    SELECT * FROM (
      SELECT 'before', false, * FROM user_storage_day
      WHERE user_id = ${userId} AND day < ${first} ORDER BY day DESC LIMIT 1
    )
    UNION ALL
    SELECT 'day', day IN (${first}, ${last}), * FROM user_storage_day
    WHERE user_id = ${userId} AND day BETWEEN ${first} AND ${last}
  )`);
}

/** The history of an interval, from the rows of its `historyStatement`. */
export function historyOf(rows: readonly HistoryRow[], { from, to }: Interval): StorageHistory {
  const kept = new Map(rows.filter(({ part }) => part === 'day').map((row) => [row.day, row]));
  const days: DayOfHistory[] = [];
  let bytes = rows.find(({ part }) => part === 'before')?.storageBytes ?? 0;
  let course: StorageCourse = steadyCourse(bytes);
  let byteSeconds = 0n;
  for (let day = dayOf(from); day <= dayOf(to); day++) {
    const row = kept.get(day);
    course = row === undefined ? steadyCourse(bytes) : courseOf(row);
    bytes = row?.storageBytes ?? bytes;
    const begins = Math.max(0, from - day * DAY_S);
    const ends = Math.min(DAY_S, to - day * DAY_S);
    // An interval that ends at midnight has nothing of the day that begins then.
    if (ends === 0 && days.length > 0) break;
    const sum = course.sumTo(ends) - course.sumTo(begins);
    days.push({ day, storageBytes: course.bytesAt(ends), byteSeconds: sum });
    byteSeconds += sum;
  }
  return {
    keptSince: rows.find(({ part }) => part === 'first')?.firstAt ?? null,
    storageBytes: course.bytesAt(to - dayOf(to) * DAY_S),
    byteSeconds,
    days,
  };
}

/** What the user stored in the course of an interval. */
export async function getHistory(
  session: D1DatabaseSession,
  userId: string,
  interval: Interval,
): Promise<AsOf<StorageHistory>> {
  const db = readerOf(session);
  const [rows, latest] = await db.batch([historyStatement(db, userId, interval), latestSeqStatement(db)]);
  return { ...historyOf(rows, interval), seq: seqOf(latest) };
}
