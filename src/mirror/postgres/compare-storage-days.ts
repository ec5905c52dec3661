import type { Client } from 'pg';
import { STORAGE_DAY_COLUMNS, type StorageDay } from '../../registry/changes/columns.ts';
import { readStorageDaysBetween, type StorageDayRange } from '../../registry/changes/storage-days.ts';
import { type Copied, fingerprint, isSame, selectCopied, sha256 } from './copied-columns.ts';

/** Users after `from`, `null` for all, up to `to`; `null` is the end of all. */
export interface UserRange {
  readonly from: string | null;
  readonly to: string | null;
}

/** What a row is told apart by. */
export type StorageDayKey = Pick<StorageDay, 'userId' | 'day'>;

/** How the history of a range of users differs in the copy. */
export interface StorageDayDifferences {
  /** The last user who was compared. */
  readonly to: string | null;
  readonly compared: number;
  readonly missing: readonly StorageDay[];
  readonly different: readonly StorageDay[];
  /** Rows that the copy must not have. */
  readonly extra: readonly StorageDayKey[];
  /** Rows that the registry does not keep any more: those of a user who is gone, and those before all that it has of a user. */
  readonly gone: readonly StorageDayKey[];
}

/** Of users of whom nothing is on its way; what is gone from the registry is not looked at. */
const SETTLED = `
  select * from user_storage_day
  where gone_at is null and ($1::text is null or user_id > $1) and ($2::text is null or user_id <= $2)
    and user_id <> all($3::text[])
  order by user_id, day`;

/** Whether the copy's history of a range of users is exactly the registry's. */
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
 * Compares row by row. A range with many rows on one of the sides ends sooner, but has one user at least.
 * @param seq the checkpoint, locked
 * @param unsettled users of whom a change is on its way
 * @param limit rows that are read of either side
 */
export async function differencesOfDays(
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
    return differencesOfDays({ db, client }, { from, to: whole ?? last }, options);
  }
  return { to, ...compare(registry, copy, { seq, unsettled }) };
}

function compare(
  registry: readonly StorageDay[],
  copy: readonly Copied<StorageDay>[],
  { seq, unsettled }: { seq: number; unsettled: readonly string[] },
): Omit<StorageDayDifferences, 'to'> {
  const leftAlone = new Set([
    ...unsettled,
    ...registry.filter((row) => Number(row.seq) > seq).map(({ userId }) => userId),
  ]);
  const rows = registry.filter(({ userId }) => !leftAlone.has(userId));
  const missing = new Map(rows.map((row) => [keyOf(row), row]));
  const firstDays = new Map(rows.toReversed().map(({ userId, day }) => [userId, Number(day)]));
  const different: StorageDay[] = [];
  const extra: StorageDayKey[] = [];
  const gone: StorageDayKey[] = [];
  for (const copied of copy.filter(({ userId }) => !leftAlone.has(userId))) {
    const row = missing.get(keyOf(copied));
    missing.delete(keyOf(copied));
    if (row !== undefined) {
      if (!isSame(STORAGE_DAY_COLUMNS, row, copied)) different.push(row);
    } else {
      const isBefore = Number(copied.day) < (firstDays.get(copied.userId) ?? Infinity);
      // What claims to be later than the checkpoint comes from no change that this registry made.
      (isBefore && Number(copied.seq) <= seq ? gone : extra).push(copied);
    }
  }
  return { compared: rows.length, missing: [...missing.values()], different, extra, gone };
}

const keyOf = ({ userId, day }: StorageDayKey) => `${day} ${userId}`;
