import { sql } from 'drizzle-orm';
import { type WithSeq, latestSeqStatement, type Reader, createReader, getLatestSeq } from './queries.ts';
import {
  createStorageCurve,
  DAY_S,
  createConstantCurve,
  type StorageCurve,
  type StorageDay,
} from './storage-curve.ts';

/** Unix seconds, `from` no later than `to`. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

interface HistoryRow extends StorageDay {
  /** The user's first row, the last one before the interval, or a day of the interval. */
  readonly part: 'first' | 'before' | 'day';
  /** First change of the day, Unix seconds; `null` if `steps` is damaged. */
  readonly firstAt: number | null;
}

/** Storage of a user on one day, or on the part of the day within the interval. */
interface DayOfHistory {
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  /** At the end of the day or, on the last day, of the interval. */
  readonly storageBytes: number;
  readonly byteSeconds: bigint;
}

export interface StorageHistory {
  /** First recorded change, Unix seconds; earlier storage counts as 0. `null` if nothing is recorded. */
  readonly keptSince: number | null;
  /** At the end of the interval, including a change in that second. */
  readonly storageBytes: number;
  readonly byteSeconds: bigint;
  /** All days that overlap the interval, in order. An interval of length 0 has the day that it is in. */
  readonly days: readonly DayOfHistory[];
}

const dayOf = (second: number): number => Math.floor(second / DAY_S);

/** Columns of `historyStatement`. */
const COLUMNS = {
  part: sql<HistoryRow['part']>`part`.as('part'),
  day: sql<number>`day`.as('day'),
  openedBytes: sql<number>`opened_bytes`.as('opened_bytes'),
  storageBytes: sql<number>`storage_bytes`.as('storage_bytes'),
  changedAt: sql<number>`changed_at`.as('changed_at'),
  // Text, because it can exceed a JavaScript number.
  byteSeconds: sql<string>`cast(byte_seconds AS text)`.as('byte_seconds'),
  firstAt: sql<number | null>`day * ${sql.raw(String(DAY_S))} + (steps ->> '$[0][0]')`.as('first_at'),
  steps: sql<string | null>`iif(is_cut, steps, NULL)`.as('steps_of_day'),
};

/**
 * The statement for the rows that `computeHistory` needs: the days of the interval, the row before and the user's first row. Only
 * these are read, by the primary key. Includes `steps` only for the first and the last day.
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

/** Computes the history of an interval from the rows of `historyStatement`. */
export function computeHistory(rows: readonly HistoryRow[], { from, to }: Interval): StorageHistory {
  const kept = new Map(rows.filter(({ part }) => part === 'day').map((row) => [row.day, row]));
  const days: DayOfHistory[] = [];
  let bytes = rows.find(({ part }) => part === 'before')?.storageBytes ?? 0;
  let course: StorageCurve = createConstantCurve(bytes);
  let byteSeconds = 0n;
  for (let day = dayOf(from); day <= dayOf(to); day++) {
    const row = kept.get(day);
    course = row === undefined ? createConstantCurve(bytes) : createStorageCurve(row);
    bytes = row?.storageBytes ?? bytes;
    const begins = Math.max(0, from - day * DAY_S);
    const ends = Math.min(DAY_S, to - day * DAY_S);
    // An interval that ends at midnight does not include the following day.
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

/** The user's storage history in an interval. */
export async function getHistory(
  session: D1DatabaseSession,
  userId: string,
  interval: Interval,
): Promise<WithSeq<StorageHistory>> {
  const db = createReader(session);
  const [rows, latest] = await db.batch([historyStatement(db, userId, interval), latestSeqStatement(db)]);
  return { ...computeHistory(rows, interval), seq: getLatestSeq(latest) };
}
