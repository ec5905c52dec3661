import type { Client } from 'pg';
import type { ChangesPage } from '../../registry/changes/changes.ts';
import { STORAGE_DAY_COLUMNS, type StorageDay } from '../../registry/changes/columns.ts';
import { readStorageDays, getChangedUsers, type WantedDays } from '../../registry/changes/storage-days.ts';
import type { StorageDayKey } from './compare-storage-days.ts';
import { createParameters, upsertStatement } from './copied-columns.ts';

/** Users per query: their ids are one D1 parameter of at most 2,000,000 bytes. */
const MAX_USERS_PER_QUERY = 1_000;

/** Earlier than every day, in days since 1970-01-01. */
const BEFORE_ALL_DAYS = -(2 ** 31);

const LATEST_DAYS = `
  select user_id as "userId", (
    select day - date '1970-01-01' from user_storage_day as copied
    where copied.user_id = wanted.user_id and isfinite(day) order by day desc limit 1
  ) as day
  from unnest($1::text[]) with ordinality as wanted (user_id, position) order by position`;

const UPSERT = upsertStatement('user_storage_day', STORAGE_DAY_COLUMNS, ['user_id', 'day'], {
  gone_at: 'null::timestamptz',
  mirrored_at: 'now()',
});

const everyValue = (table: string) =>
  `(${[...STORAGE_DAY_COLUMNS.map(({ column }) => column), 'gone_at'].map((column) => `${table}.${column}`).join(', ')})`;

/** Does not write rows that are equal already. */
const UPSERT_CHANGED = `${UPSERT} where ${everyValue('mirrored')} is distinct from ${everyValue('excluded')}`;

/** A page of changes with the storage history of its users. */
export interface PageWithDays {
  /** Shortened if the history of its users is long. */
  readonly page: ChangesPage;
  readonly days: readonly StorageDay[];
}

/**
 * Reads the history that the copy may lack for the users of a page: from the copy's last day of each user on, because earlier
 * days do not change. Every change of the history belongs to a change of a room, so a later page contains it. The history is
 * read after the page, so it can be ahead of the checkpoint but never behind.
 * @param limit maximum rows of history, but all rows of at least one user
 */
export async function readPageHistory(
  db: D1Database,
  client: Client,
  page: ChangesPage,
  limit: number,
): Promise<PageWithDays> {
  const users = getChangedUsers(page);
  const ids = [...users.keys()];
  const days: StorageDay[] = [];
  for (let at = 0; at < ids.length; at += MAX_USERS_PER_QUERY) {
    const { rows: wanted } = await client.query<{ userId: string; day: number | null }>(LATEST_DAYS, [
      ids.slice(at, at + MAX_USERS_PER_QUERY),
    ]);
    const found = await readStorageDays(
      db,
      wanted.map(({ userId, day }): WantedDays => [userId, day ?? BEFORE_ALL_DAYS]),
      Math.max(1, limit - days.length),
    );
    days.push(...found.days);
    const isFull = found.cutAt === null && days.length >= limit && at + MAX_USERS_PER_QUERY < ids.length;
    const next = found.cutAt === null ? (isFull ? at + MAX_USERS_PER_QUERY : null) : at + found.cutAt;
    const cutSeq = next === null ? undefined : users.get(ids[next] ?? '');
    if (cutSeq !== undefined) return { page: cutPage(page, cutSeq), days };
  }
  return { page, days };
}

/** The part of a page before a change number. */
function cutPage(page: ChangesPage, seq: number): ChangesPage {
  return {
    rows: page.rows.filter((row) => row.seq < seq),
    tombstones: page.tombstones.filter((tombstone) => tombstone.seq < seq),
    upTo: seq - 1,
    more: true,
    rowsRead: page.rowsRead,
  };
}

/** @returns the number of inserted or changed rows */
export async function upsertStorageDays(client: Client, days: readonly StorageDay[]): Promise<number> {
  if (days.length === 0) return 0;
  const { rowCount } = await client.query(UPSERT_CHANGED, createParameters(STORAGE_DAY_COLUMNS, days));
  return rowCount ?? 0;
}

/** Writes rows even if they are equal already. */
export async function overwriteStorageDays(client: Client, days: readonly StorageDay[]): Promise<number> {
  if (days.length === 0) return 0;
  return (await client.query(UPSERT, createParameters(STORAGE_DAY_COLUMNS, days))).rowCount ?? 0;
}

export async function deleteStorageDays(client: Client, keys: readonly StorageDayKey[]): Promise<number> {
  if (keys.length === 0) return 0;
  const { rowCount } = await client.query(`delete from user_storage_day ${HAS_KEY}`, toArrays(keys));
  return rowCount ?? 0;
}

/** Marks rows that the registry has pruned. They stay in the copy and are no longer compared. */
export async function markGone(client: Client, keys: readonly StorageDayKey[]): Promise<void> {
  if (keys.length === 0) return;
  await client.query(`update user_storage_day set gone_at = now() ${HAS_KEY}`, toArrays(keys));
}

/** Matches days as text, because a damaged copy can contain infinite dates. */
const HAS_KEY = `
  where (user_id, case when isfinite(day) then (day - date '1970-01-01')::text else 'infinite' end)
    in (select * from unnest($1::text[], $2::text[])) and user_id = any($1)`;

const toArrays = (keys: readonly StorageDayKey[]) => [
  keys.map(({ userId }) => userId),
  keys.map(({ day }) => day),
];

/** Deletes rows after a change number, after a restore of D1. The following reconcile pass adds the current rows. */
export async function deleteStorageDaysAfter(client: Client, seq: number): Promise<void> {
  await client.query('delete from user_storage_day where seq > $1 and gone_at is null', [seq]);
}
