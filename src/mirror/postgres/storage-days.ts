import type { Client } from 'pg';
import type { ChangesPage } from '../../registry/changes/changes.ts';
import { STORAGE_DAY_COLUMNS, type StorageDay } from '../../registry/changes/columns.ts';
import { readStorageDays, getChangedUsers, type WantedDays } from '../../registry/changes/storage-days.ts';
import type { StorageDayKey } from './compare-storage-days.ts';
import { parametersOf, upsertStatement } from './copied-columns.ts';

/** Users whose history is asked for at once: their ids are one parameter, which D1 bounds at 2,000,000 bytes. */
const USERS_AT_ONCE = 1_000;

/** A day before all others, in days since 1970-01-01. */
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

/** What is there already is not written again. */
const UPSERT_CHANGED = `${UPSERT} where ${everyValue('mirrored')} is distinct from ${everyValue('excluded')}`;

/** What a page of changes brings to the copy, with the history of its users. */
export interface PageWithDays {
  /** Shorter than it was where the history of its users is long. */
  readonly page: ChangesPage;
  readonly days: readonly StorageDay[];
}

/**
 * Reads what the history of the users of a page has and the copy may not have: the copy's last day of each, which may have gone
 * on, and all later ones. Days before are over. No change of the history is missed: each was made by a change of one of the
 * user's rooms, whose number or a later one of the same room is in a page that is read afterwards.
 *
 * The history is read after the page, so that it may be ahead of the checkpoint, and never behind. The checkpoint is locked,
 * so nobody has written a later reading: rows need no guard by number.
 * @param limit rows of history, more where one user has more
 */
export async function withStorageDays(
  db: D1Database,
  client: Client,
  page: ChangesPage,
  limit: number,
): Promise<PageWithDays> {
  const users = getChangedUsers(page);
  const ids = [...users.keys()];
  const days: StorageDay[] = [];
  for (let at = 0; at < ids.length; at += USERS_AT_ONCE) {
    const { rows: wanted } = await client.query<{ userId: string; day: number | null }>(LATEST_DAYS, [
      ids.slice(at, at + USERS_AT_ONCE),
    ]);
    const found = await readStorageDays(
      db,
      wanted.map(({ userId, day }): WantedDays => [userId, day ?? BEFORE_ALL_DAYS]),
      Math.max(1, limit - days.length),
    );
    days.push(...found.days);
    const isFull = found.cutAt === null && days.length >= limit && at + USERS_AT_ONCE < ids.length;
    const next = found.cutAt === null ? (isFull ? at + USERS_AT_ONCE : null) : at + found.cutAt;
    const cutSeq = next === null ? undefined : users.get(ids[next] ?? '');
    if (cutSeq !== undefined) return { page: before(page, cutSeq), days };
  }
  return { page, days };
}

/** The changes of a page with numbers before one. */
function before(page: ChangesPage, seq: number): ChangesPage {
  return {
    rows: page.rows.filter((row) => row.seq < seq),
    tombstones: page.tombstones.filter((tombstone) => tombstone.seq < seq),
    upTo: seq - 1,
    more: true,
    rowsRead: page.rowsRead,
  };
}

/** @returns how many rows were inserted or changed */
export async function upsertStorageDays(client: Client, days: readonly StorageDay[]): Promise<number> {
  if (days.length === 0) return 0;
  const { rowCount } = await client.query(UPSERT_CHANGED, parametersOf(STORAGE_DAY_COLUMNS, days));
  return rowCount ?? 0;
}

/** Puts rows of the registry into the copy whatever stands there. */
export async function overwriteStorageDays(client: Client, days: readonly StorageDay[]): Promise<number> {
  if (days.length === 0) return 0;
  return (await client.query(UPSERT, parametersOf(STORAGE_DAY_COLUMNS, days))).rowCount ?? 0;
}

/** Deletes rows that the copy must not have. */
export async function deleteStorageDays(client: Client, keys: readonly StorageDayKey[]): Promise<number> {
  if (keys.length === 0) return 0;
  const { rowCount } = await client.query(`delete from user_storage_day ${OF_KEYS}`, arraysOf(keys));
  return rowCount ?? 0;
}

/** Marks rows that the registry does not keep any more: they stay, and are compared no more. */
export async function markGone(client: Client, keys: readonly StorageDayKey[]): Promise<void> {
  if (keys.length === 0) return;
  await client.query(`update user_storage_day set gone_at = now() ${OF_KEYS}`, arraysOf(keys));
}

/** A day as the copy gives it: infinite where somebody made it so. */
const OF_KEYS = `
  where (user_id, case when isfinite(day) then (day - date '1970-01-01')::text else 'infinite' end)
    in (select * from unnest($1::text[], $2::text[])) and user_id = any($1)`;

const arraysOf = (keys: readonly StorageDayKey[]) => [
  keys.map(({ userId }) => userId),
  keys.map(({ day }) => day),
];

/**
 * Deletes what came of changes after a number, which the registry has undone. What it has instead of them, the reconcile pass
 * brings that is due then.
 */
export async function deleteStorageDaysAfter(client: Client, seq: number): Promise<void> {
  await client.query('delete from user_storage_day where seq > $1 and gone_at is null', [seq]);
}
