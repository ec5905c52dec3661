import type { Client } from 'pg';
import { type ChangedRow, INSTANCE_COLUMNS } from '../../registry/changes/columns.ts';
import type { RegistryRange, RegistryRows } from '../../registry/changes/ranges.ts';
import { type Copied, fingerprint, isSame, selectCopied, sha256 } from './copied-columns.ts';

/** Names after `from`, which is no name itself, up to `to`; `null` is the end of all names. */
export interface NameRange {
  /** `null` before the first range: a damaged copy may have a row without a name. */
  readonly from: string | null;
  readonly to: string | null;
}

/** How a range of the copy differs from the registry. */
export interface Differences {
  /** Rows that were compared: those of the registry that the copy must have. */
  readonly compared: number;
  readonly missing: readonly ChangedRow[];
  readonly different: readonly ChangedRow[];
  /** Names of rows that the copy must not have. */
  readonly extra: readonly string[];
}

/**
 * Whether a range of the copy is exactly the registry's, by number of rows and SHA-256 of all their columns. A separator within a
 * column cannot hide a difference: the registry has none, and the copy, with as many rows, would have one too many.
 * @param seq the checkpoint, locked. What changed later is not looked at, unless the copy claims to be as late.
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

/** The rows of a range of the copy, in the order of names. */
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
 * Compares row by row. What changed after the checkpoint the incremental pass will bring: it is no difference. But a row of
 * the copy that is itself later than the checkpoint comes from no change that this registry made, and is one too many: it
 * would keep the changes that come from being applied.
 * @param seq the checkpoint, locked
 */
export function differencesOf(
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
