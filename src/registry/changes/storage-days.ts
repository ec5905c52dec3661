import { readOwnerId } from '../../domain/do-name.ts';
import { SEPARATOR, selection, STORAGE_DAY_COLUMNS, type StorageDay, textOfRow } from './columns.ts';
import type { ChangesPage } from './changes.ts';
import { readFittingRows } from './fitting-rows.ts';

/** Changes after the checkpoint of which the users are looked up at most. */
const UNSETTLED_CHANGES = 20_000;

/** What their ids take at most, in bytes of UTF-8: they are one parameter, and part of one value, which have 2,000,000 at most. */
const MAX_UNSETTLED_BYTES = 500_000;

/** Rows of a range, doubled until the history of one user fits. */
const MAX_RANGE_ROWS = 1_000_000;

/** So few rows of history that their text is always within D1's size of a value: a row has at most 1,024 bytes of user, and some 150. */
const SURELY_SMALL_DAYS = 1_000;

/** A user, and the day from which on his history is wanted: days since 1970-01-01. */
export type WantedDays = readonly [userId: string, fromDay: number];

/** The history of some users, seen at one moment: those after one user, in the order of their ids. */
export interface StorageDayRange {
  /** The last user; `null` where it goes on to the end. */
  readonly to: string | null;
  readonly settledRows: number;
  /** The rows of users of whom nothing changed after the number asked for. */
  readonly text: string;
  /** Users whose history changed after that number, as far as it shows. */
  readonly unsettled: readonly string[];
}

const WANTED = `
  SELECT wanted.key AS position, ${selection(STORAGE_DAY_COLUMNS)}
  FROM json_each(?1) AS wanted CROSS JOIN user_storage_day AS row
    ON row.user_id = wanted.value ->> 0 AND row.day >= wanted.value ->> 1
  ORDER BY wanted.key, row.day LIMIT ?2`;

/*
 * Parameters: ?1 seq, ?2 from, ?3 limit, ?4 unsettled users. The last user may have more rows than were picked: the range ends
 * before him.
 */
const RANGE = `
  WITH
    picked AS MATERIALIZED (SELECT * FROM user_storage_day WHERE user_id > ?2 ORDER BY user_id, day LIMIT ?3),
    edge AS MATERIALIZED (SELECT count(*) AS read, max(user_id) AS last FROM picked),
    whole AS MATERIALIZED (SELECT picked.* FROM picked, edge WHERE read < ?3 OR user_id < last),
    unsettled AS MATERIALIZED (
      SELECT value AS user_id FROM json_each(?4) UNION SELECT user_id FROM whole WHERE seq > ?1
    )
  SELECT
    (SELECT read FROM edge) AS read,
    (SELECT max(user_id) FROM whole) AS last,
    (SELECT json_group_array(user_id) FROM unsettled) AS unsettled,
    count(*) AS settledRows,
    group_concat(${textOfRow(STORAGE_DAY_COLUMNS)}, char(${SEPARATOR})) AS text
  FROM (SELECT * FROM whole WHERE user_id NOT IN (SELECT user_id FROM unsettled) ORDER BY user_id, day)`;

/** Whose rooms a page of changes is of, in the order of their first change in it. */
export function usersOf({ rows, tombstones }: Pick<ChangesPage, 'rows' | 'tombstones'>): Map<string, number> {
  const changes = [
    ...rows.map(({ userId, seq }) => ({ userId, seq })),
    ...tombstones.map(({ doName, seq }) => ({ userId: readOwnerId(doName), seq })),
  ].toSorted((one, other) => one.seq - other.seq);
  const users = new Map<string, number>();
  for (const { userId, seq } of changes) if (userId !== null && !users.has(userId)) users.set(userId, seq);
  return users;
}

/**
 * The history of users from a day on, in the order in which they are given, from the primary.
 * @param limit rows; more where the first user alone has more
 * @returns the rows; the position of the first user whose rows did not all fit and are left out, where there is one; and what D1
 *   bills for it
 */
export async function readStorageDays(
  db: D1Database,
  wanted: readonly WantedDays[],
  limit: number,
): Promise<{
  readonly days: readonly StorageDay[];
  readonly cutAt: number | null;
  readonly rowsRead: number;
}> {
  for (let most = limit; ; most *= 2) {
    const { results, meta } = await db
      .withSession('first-primary')
      .prepare(WANTED)
      .bind(JSON.stringify(wanted), most + 1)
      .all<StorageDay & { readonly position: number }>();
    const cutAt = results.length > most ? (results.at(-1)?.position ?? null) : null;
    if (cutAt === 0) {
      if (most >= MAX_RANGE_ROWS) throw new Error(`a user has more than ${MAX_RANGE_ROWS} days of history`);
      continue;
    }
    const days = results.filter(({ position }) => cutAt === null || position < cutAt);
    return { days, cutAt, rowsRead: meta.rows_read };
  }
}

/** Users of whose rooms a change has a number after `seq`; `null` where those are too many to tell. */
export async function readUnsettledUsers(db: D1Database, seq: number): Promise<readonly string[] | null> {
  const { results } = await db
    .withSession('first-primary')
    .prepare(
      `SELECT user_id AS userId, NULL AS doName FROM durable_object_instance WHERE seq > ?1
       UNION ALL SELECT NULL, do_name FROM registry_tombstone WHERE seq > ?1 LIMIT ?2`,
    )
    .bind(seq, UNSETTLED_CHANGES + 1)
    .all<{ userId: string | null; doName: string | null }>();
  if (results.length > UNSETTLED_CHANGES) return null;
  const users = results.map(({ userId, doName }) => (doName === null ? userId : readOwnerId(doName)));
  const unsettled = [...new Set(users)].filter((user) => user !== null);
  const { byteLength } = new TextEncoder().encode(JSON.stringify(unsettled));
  return byteLength > MAX_UNSETTLED_BYTES ? null : unsettled;
}

/**
 * Reads the history of the users after one.
 * @param from a user who is not in it; empty for the first range
 * @param unsettled users whose rows are left out, and those of whom a row has a number after `seq`
 * @param limit rows; more where one user has more
 */
export async function readStorageDayRange(
  db: D1Database,
  { from, seq, limit, unsettled }: { from: string; seq: number; limit: number; unsettled: readonly string[] },
): Promise<StorageDayRange> {
  const bounds = { first: limit, surelySmall: SURELY_SMALL_DAYS, most: MAX_RANGE_ROWS };
  return readFittingRows(bounds, async (rows) => {
    const found = await db
      .withSession('first-primary')
      .prepare(RANGE)
      .bind(seq, from, rows, JSON.stringify(unsettled))
      .first<{
        read: number;
        last: string | null;
        unsettled: string;
        settledRows: number;
        text: string | null;
      }>();
    if (found === null) throw new Error('an aggregate gave no row');
    const isAll = found.read < rows;
    // The first user has more rows.
    if (!isAll && found.last === null) return null;
    const users: unknown = JSON.parse(found.unsettled);
    if (!Array.isArray(users)) throw new Error('json_group_array gave no array');
    return {
      to: isAll ? null : found.last,
      settledRows: found.settledRows,
      text: found.text ?? '',
      unsettled: users.map(String),
    };
  });
}

/** The rows of users after `from` up to `to`, or to the end, in their order, and the first day of each of them. */
export async function readStorageDaysBetween(
  db: D1Database,
  { from, to, limit }: { from: string; to: string | null; limit: number },
): Promise<readonly StorageDay[]> {
  const { results } = await db
    .withSession('first-primary')
    .prepare(
      `SELECT ${selection(STORAGE_DAY_COLUMNS)} FROM user_storage_day AS row
       WHERE row.user_id > ?1 ${to === null ? '' : 'AND row.user_id <= ?3'} ORDER BY row.user_id, row.day LIMIT ?2`,
    )
    .bind(...(to === null ? [from, limit] : [from, limit, to]))
    .all<StorageDay>();
  return results;
}
