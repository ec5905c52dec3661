import type { Client } from 'pg';
import { STORAGE_DAY_COLUMNS, type StorageDay } from '../../registry/changes/columns.ts';
import { readStorageDaysBetween, type StorageDayRange } from '../../registry/changes/storage-days.ts';
import { type Copied, fingerprint, isSame, selectCopied, sha256 } from './copied-columns.ts';

/** Users after `from` (exclusive) up to `to` (inclusive); `null` means no bound. */
export interface UserRange {
  readonly from: string | null;
  readonly to: string | null;
}

/** The primary key of a row. */
export type StorageDayKey = Pick<StorageDay, 'userId' | 'day'>;

/** Differences between the history of a range of users in the copy and in the registry. */
export interface StorageDayDifferences {
  /** The last compared user. */
  readonly to: string | null;
  readonly compared: number;
  readonly missing: readonly StorageDay[];
  readonly different: readonly StorageDay[];
  /** Rows that exist only in the copy. */
  readonly extra: readonly StorageDayKey[];
  /** Rows that the registry has pruned: those before its first row of the user. */
  readonly gone: readonly StorageDayKey[];
}

/** Rows of users without changes after the checkpoint, without rows that are marked as gone. */
const SETTLED = `
  select * from user_storage_day
  where gone_at is null and ($1::text is null or user_id > $1) and ($2::text is null or user_id <= $2)
    and user_id <> all($3::text[])
  order by user_id, day`;

/** Whether the history of a range of users in the copy equals the registry. */
export async function areDaysEqual(
  client: Client,
  { from, to }: UserRange,
  registry: StorageDayRange,
): Promise<boolean> {
  const [{ rows: found }, hash] = await Promise.all([
    client.query<{ rows: number; hash: string }>(fingerprint(STORAGE_DAY_COLUMNS, SETTLED), [
      from,
      to,
      registry.unsettled,
    ]),
    sha256(registry.text),
  ]);
  return found[0]?.rows === registry.settledRows && found[0].hash === hash;
}

/**
 * Compares row by row. Shortens the range to whole users if a side has too many rows.
 * @param seq the locked checkpoint
 * @param unsettled users with changes after the checkpoint
 * @param limit maximum rows read from each side
 */
export async function findDayDifferences(
  { db, client }: { readonly db: D1Database; readonly client: Client },
  { from, to }: UserRange,
  { seq, unsettled, limit }: { seq: number; unsettled: readonly string[]; limit: number },
): Promise<StorageDayDifferences> {
  const registry = await readStorageDaysBetween(db, { from: from ?? '', to, limit });
  const { rows: copy } = await client.query<Copied<StorageDay>>(
    `select ${selectCopied(STORAGE_DAY_COLUMNS)} from (${SETTLED}) as range limit $4`,
    [from, to, unsettled, limit],
  );
  for (const side of [registry, copy]) {
    const last = side.at(-1)?.userId;
    if (side.length < limit || last === undefined) continue;
    const whole = side.findLast(({ userId }) => userId !== last)?.userId;
    const options = { seq, unsettled, limit: whole === undefined ? 2 * limit : limit };
    return findDayDifferences({ db, client }, { from, to: whole ?? last }, options);
  }
  return { to, ...compare(registry, copy, { seq, unsettled }) };
}

function compare(
  registry: readonly StorageDay[],
  copy: readonly Copied<StorageDay>[],
  { seq, unsettled }: { seq: number; unsettled: readonly string[] },
): Omit<StorageDayDifferences, 'to'> {
  const ignored = new Set([
    ...unsettled,
    ...registry.filter((row) => Number(row.seq) > seq).map(({ userId }) => userId),
  ]);
  const rows = registry.filter(({ userId }) => !ignored.has(userId));
  const missing = new Map(rows.map((row) => [getKey(row), row]));
  const firstDays = new Map(rows.toReversed().map(({ userId, day }) => [userId, Number(day)]));
  const different: StorageDay[] = [];
  const extra: StorageDayKey[] = [];
  const gone: StorageDayKey[] = [];
  for (const copied of copy.filter(({ userId }) => !ignored.has(userId))) {
    const row = missing.get(getKey(copied));
    missing.delete(getKey(copied));
    if (row !== undefined) {
      if (!isSame(STORAGE_DAY_COLUMNS, row, copied)) different.push(row);
    } else {
      const isBefore = Number(copied.day) < (firstDays.get(copied.userId) ?? Infinity);
      // A later `seq` than the checkpoint does not come from this registry.
      (isBefore && Number(copied.seq) <= seq ? gone : extra).push(copied);
    }
  }
  return { compared: rows.length, missing: [...missing.values()], different, extra, gone };
}

const getKey = ({ userId, day }: StorageDayKey) => `${day} ${userId}`;
