import { readOwnerId } from '../../domain/do-name.ts';
import { SEPARATOR, selectSql, STORAGE_DAY_COLUMNS, type StorageDay, rowTextSql } from './columns.ts';
import type { ChangesPage } from './changes.ts';
import { readBoundedRows } from './bounded-rows.ts';

/** With more changes after the checkpoint than this, their users are not looked up. */
const MAX_UNSETTLED_CHANGES = 20_000;

/** Maximum size of their ids as JSON, in bytes: they are one D1 parameter and part of one value (2,000,000 bytes each). */
const MAX_UNSETTLED_BYTES = 500_000;

/** Maximum rows of a range. It is reached only for a user with this much history. */
const MAX_RANGE_ROWS = 1_000_000;

/** The text of this many rows always fits into a D1 value: a row has at most 1,024 bytes of user and about 150 of the rest. */
const SAFE_ROWS = 1_000;

/** A user and the first day to read, in days since 1970-01-01. */
export type WantedDays = readonly [userId: string, fromDay: number];

/** The storage history of a range of users in the order of their ids, read at one moment. */
export interface StorageDayRange {
  /** The last user of the range; `null` if the range ends with the last user. */
  readonly to: string | null;
  readonly settledRows: number;
  /** The rows of users without a change after the requested `seq`. */
  readonly text: string;
  /** Users with a change after that `seq`. */
  readonly unsettled: readonly string[];
}

const WANTED = `
  SELECT wanted.key AS position, ${selectSql(STORAGE_DAY_COLUMNS)}
  FROM json_each(?1) AS wanted CROSS JOIN user_storage_day AS row
    ON row.user_id = wanted.value ->> 0 AND row.day >= wanted.value ->> 1
  ORDER BY wanted.key, row.day LIMIT ?2`;

/*
 * Parameters: ?1 seq, ?2 from, ?3 limit, ?4 unsettled users. The limit can cut the rows of the last user, so the range ends
 * with the user before.
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
    group_concat(${rowTextSql(STORAGE_DAY_COLUMNS)}, char(${SEPARATOR})) AS text
  FROM (SELECT * FROM whole WHERE user_id NOT IN (SELECT user_id FROM unsettled) ORDER BY user_id, day)`;

/** The owners of the rooms in a page of changes with the `seq` of their first change, in the order of `seq`. */
export function getChangedUsers({
  rows,
  tombstones,
}: Pick<ChangesPage, 'rows' | 'tombstones'>): Map<string, number> {
  const changes = [
    ...rows.map(({ userId, seq }) => ({ userId, seq })),
    ...tombstones.map(({ doName, seq }) => ({ userId: readOwnerId(doName), seq })),
  ].toSorted((one, other) => one.seq - other.seq);
  const users = new Map<string, number>();
  for (const { userId, seq } of changes) if (userId !== null && !users.has(userId)) users.set(userId, seq);
  return users;
}

/**
 * Reads the history of users from the primary, in the given order.
 * @param limit maximum rows, but all rows of the first user
 * @returns `cutAt` is the index of the first user whose rows did not fit and are left out; `null` if all fit
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
  for (let max = limit; ; max *= 2) {
    const { results, meta } = await db
      .withSession('first-primary')
      .prepare(WANTED)
      .bind(JSON.stringify(wanted), max + 1)
      .all<StorageDay & { readonly position: number }>();
    const cutAt = results.length > max ? (results.at(-1)?.position ?? null) : null;
    if (cutAt === 0) {
      if (max >= MAX_RANGE_ROWS) throw new Error(`a user has more than ${MAX_RANGE_ROWS} days of history`);
      continue;
    }
    const days = results.filter(({ position }) => cutAt === null || position < cutAt);
    return { days, cutAt, rowsRead: meta.rows_read };
  }
}

/** Users with a room that changed after `seq`; `null` if there are too many changes. */
export async function readUnsettledUsers(db: D1Database, seq: number): Promise<readonly string[] | null> {
  const { results } = await db
    .withSession('first-primary')
    .prepare(
      `SELECT user_id AS userId, NULL AS doName FROM durable_object_instance WHERE seq > ?1
       UNION ALL SELECT NULL, do_name FROM registry_tombstone WHERE seq > ?1 LIMIT ?2`,
    )
    .bind(seq, MAX_UNSETTLED_CHANGES + 1)
    .all<{ userId: string | null; doName: string | null }>();
  if (results.length > MAX_UNSETTLED_CHANGES) return null;
  const users = results.map(({ userId, doName }) => (doName === null ? userId : readOwnerId(doName)));
  const unsettled = [...new Set(users)].filter((user) => user !== null);
  const { byteLength } = new TextEncoder().encode(JSON.stringify(unsettled));
  return byteLength > MAX_UNSETTLED_BYTES ? null : unsettled;
}

/**
 * Reads the history of the users after `from`, without users that are unsettled or have a row with a later `seq`.
 * @param from exclusive; empty for the first range
 * @param limit maximum rows, but all rows of at least one user
 */
export async function readStorageDayRange(
  db: D1Database,
  { from, seq, limit, unsettled }: { from: string; seq: number; limit: number; unsettled: readonly string[] },
): Promise<StorageDayRange> {
  const bounds = { first: limit, safe: SAFE_ROWS, max: MAX_RANGE_ROWS };
  return readBoundedRows(bounds, async (rows) => {
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
    if (found === null) throw new Error('an aggregate returned no row');
    const isAll = found.read < rows;
    // The first user has more rows.
    if (!isAll && found.last === null) return null;
    const users: unknown = JSON.parse(found.unsettled);
    if (!Array.isArray(users)) throw new Error('json_group_array returned no array');
    return {
      to: isAll ? null : found.last,
      settledRows: found.settledRows,
      text: found.text ?? '',
      unsettled: users.map(String),
    };
  });
}

/** Reads the rows of the users with `from < id <= to`, ordered by user and day. `to` is `null` for no upper bound. */
export async function readStorageDaysBetween(
  db: D1Database,
  { from, to, limit }: { from: string; to: string | null; limit: number },
): Promise<readonly StorageDay[]> {
  const { results } = await db
    .withSession('first-primary')
    .prepare(
      `SELECT ${selectSql(STORAGE_DAY_COLUMNS)} FROM user_storage_day AS row
       WHERE row.user_id > ?1 ${to === null ? '' : 'AND row.user_id <= ?3'} ORDER BY row.user_id, row.day LIMIT ?2`,
    )
    .bind(...(to === null ? [from, limit] : [from, limit, to]))
    .all<StorageDay>();
  return results;
}
