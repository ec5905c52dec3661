import type { Client } from 'pg';
import { type ChangedRow, INSTANCE_COLUMNS } from '../../registry/changes/columns.ts';
import type { RegistryRange, RegistryRows } from '../../registry/changes/ranges.ts';
import { type Copied, fingerprint, isSame, selectCopied, sha256 } from './copied-columns.ts';

/** Names after `from` (exclusive) up to `to` (inclusive); `null` means no bound. */
export interface NameRange {
  /** `null` for the first range, because a damaged copy may have a row with an empty name. */
  readonly from: string | null;
  readonly to: string | null;
}

/** Differences between a range of the copy and the registry. */
export interface Differences {
  /** Number of registry rows that the copy must have. */
  readonly compared: number;
  readonly missing: readonly ChangedRow[];
  readonly different: readonly ChangedRow[];
  /** Names of rows that exist only in the copy. */
  readonly extra: readonly string[];
}

/**
 * Whether a range of the copy equals the registry, by the number of rows and the SHA-256 of all columns. A separator inside a
 * column cannot hide a difference: registry columns contain none, and the copy would then have one too many.
 * @param seq the locked checkpoint. Ignores later changes, unless a row of the copy has a later `seq`.
 */
export async function isEqual(
  client: Client,
  range: NameRange,
  registry: RegistryRange,
  { seq, limit }: { seq: number; limit: number },
): Promise<boolean> {
  const { where, values } = within(range);
  const { unsettled } = registry;
  const at = values.length;
  const source = `select * from durable_object_instance
    where ${where} ${unsettled.length === 0 ? '' : `and do_name <> all($${at + 1})`} order by do_name limit ${limit}`;
  const ahead = `exists (select from durable_object_instance where do_name = any($${at + 1}) and seq > $${at + 2})`;
  const [{ rows: found }, hash] = await Promise.all([
    client.query<{ rows: number; hash: string; ahead: boolean }>(
      `select *, ${unsettled.length === 0 ? 'false' : ahead} as ahead from (${fingerprint(INSTANCE_COLUMNS, source)}) as copy`,
      unsettled.length === 0 ? values : [...values, unsettled, seq],
    ),
    sha256(registry.text),
  ]);
  const [copied] = found;
  return (
    copied !== undefined && copied.rows === registry.settledRows && copied.hash === hash && !copied.ahead
  );
}

/** Reads a range of the copy in the order of names. */
export async function readCopiedRows(
  client: Client,
  range: NameRange,
  limit: number,
): Promise<Copied<ChangedRow>[]> {
  const { where, values } = within(range);
  const { rows } = await client.query<Copied<ChangedRow>>(
    `select ${selectCopied(INSTANCE_COLUMNS)} from durable_object_instance where ${where} order by do_name limit ${limit}`,
    values,
  );
  return rows;
}

/**
 * Compares row by row. Changes after the checkpoint are not differences: the incremental pass will apply them. But a row of
 * the copy with a later `seq` than the checkpoint does not come from this registry and is extra, because it would block
 * future changes.
 * @param seq the locked checkpoint
 */
export function findDifferences(
  registry: RegistryRows,
  copy: readonly Copied<ChangedRow>[],
  seq: number,
): Differences {
  const settled = new Map<string, ChangedRow>();
  const unsettled = new Set(registry.deletedSince);
  for (const row of registry.rows) {
    if (row.seq <= seq) settled.set(row.doName, row);
    else unsettled.add(row.doName);
  }
  const compared = settled.size;
  const different: ChangedRow[] = [];
  const extra: string[] = [];
  for (const copied of copy) {
    const row = settled.get(copied.doName);
    settled.delete(copied.doName);
    if (row !== undefined) {
      if (!isSame(INSTANCE_COLUMNS, row, copied)) different.push(row);
    } else if (!unsettled.has(copied.doName) || Number(copied.seq) > seq) {
      extra.push(copied.doName);
    }
  }
  return { compared, missing: [...settled.values()], different, extra };
}

function within({ from, to }: NameRange): { where: string; values: string[] } {
  const values = [from, to].filter((bound) => bound !== null);
  const conditions = [
    ...(from === null ? [] : ['do_name > $1']),
    ...(to === null ? [] : [`do_name <= $${values.length}`]),
  ];
  return { where: conditions.join(' and ') || 'true', values };
}
