import type { Client } from 'pg';
import type { ChangedRow } from '../registry/changes.ts';
import { type RegistryRange, type RegistryRows, SEPARATOR } from '../registry/ranges.ts';

/** Names after `from`, which is no name itself, up to `to`; `null` is the end of all names. */
export interface NameRange {
  /** `null` before the first range: a damaged copy may have a row without a name. */
  readonly from: string | null;
  readonly to: string | null;
}

/** A row of the copy, every value as text; nulls stay null. */
export interface CopiedRow {
  readonly doName: string;
  readonly doId: string;
  readonly userId: string;
  readonly doType: string;
  readonly resourceName: string;
  readonly storageBytes: string | null;
  readonly createdAt: string;
  readonly lastAccessedAt: string;
  readonly storageMeasuredAt: string | null;
  readonly seq: string;
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
 * Whole milliseconds for every time that a room can have; far beyond, in the year 33658, the text is another one than the
 * registry's, and the rows are compared one by one. An infinite time is no number.
 */
const quickMs = (column: string) =>
  `case when not isfinite(${column}) then 'infinite' else (date_part('epoch', ${column}) * 1000)::bigint::text end`;
const exactMs = (column: string) => `trunc(extract(epoch from ${column}) * 1000)::text`;

const joined = (parts: readonly string[]) => parts.join(` || chr(${SEPARATOR}) || `);

/** Short texts are joined apart from long ones: each step copies all that there is so far. */
const TEXT_OF_ROW = joined([
  joined(['do_name', 'do_id', 'user_id', 'do_type', 'resource_name']),
  `(${joined([
    "coalesce(storage_bytes::text, '')",
    quickMs('created_at'),
    quickMs('last_accessed_at'),
    `coalesce(${quickMs('storage_measured_at')}, '')`,
    'seq::text',
  ])})`,
]);

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
  const at = values.length;
  const text = `
    select count(*)::int as rows,
      encode(sha256(convert_to(coalesce(string_agg(${TEXT_OF_ROW}, chr(${SEPARATOR})), ''), 'UTF8')), 'hex')
        as hash,
      ${registry.unsettled.length === 0 ? 'false' : `exists (select from durable_object_instance where do_name = any($${at + 1}) and seq > $${at + 2})`}
        as ahead
    from (
      select * from durable_object_instance
      where ${where} ${registry.unsettled.length === 0 ? '' : `and do_name <> all($${at + 1})`}
      order by do_name limit ${limit}
    ) as range`;
  const parameters = registry.unsettled.length === 0 ? values : [...values, registry.unsettled, seq];
  const [{ rows: found }, hash] = await Promise.all([
    client.query<{ rows: number; hash: string; ahead: boolean }>(text, parameters),
    sha256(registry.text),
  ]);
  const [copied] = found;
  return (
    copied !== undefined && copied.rows === registry.settledRows && copied.hash === hash && !copied.ahead
  );
}

/** The rows of a range of the copy, in the order of names. */
export async function readCopiedRows(client: Client, range: NameRange, limit: number): Promise<CopiedRow[]> {
  const { where, values } = within(range);
  const { rows } = await client.query<CopiedRow>(
    `select do_name as "doName", do_id as "doId", user_id as "userId", do_type as "doType",
       resource_name as "resourceName", storage_bytes::text as "storageBytes", ${exactMs('created_at')} as "createdAt",
       ${exactMs('last_accessed_at')} as "lastAccessedAt", ${exactMs('storage_measured_at')} as "storageMeasuredAt",
       seq::text as "seq"
     from durable_object_instance where ${where} order by do_name limit ${limit}`,
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
export function differencesOf(registry: RegistryRows, copy: readonly CopiedRow[], seq: number): Differences {
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
      if (!isSame(row, copied)) different.push(row);
    } else if (!unsettled.has(copied.doName) || Number(copied.seq) > seq) {
      extra.push(copied.doName);
    }
  }
  return { compared, missing: [...settled.values()], different, extra };
}

function isSame(row: ChangedRow, copied: CopiedRow): boolean {
  return (
    row.doId === copied.doId &&
    row.userId === copied.userId &&
    row.doType === copied.doType &&
    row.resourceName === copied.resourceName &&
    text(row.storageBytes) === copied.storageBytes &&
    text(row.createdAt) === copied.createdAt &&
    text(row.lastAccessedAt) === copied.lastAccessedAt &&
    text(row.storageMeasuredAt) === copied.storageMeasuredAt &&
    text(row.seq) === copied.seq
  );
}

const text = (value: number | null) => (value === null ? null : String(value));

function within({ from, to }: NameRange): { where: string; values: string[] } {
  const values = [from, to].filter((bound) => bound !== null);
  const conditions = [
    ...(from === null ? [] : ['do_name > $1']),
    ...(to === null ? [] : [`do_name <= $${values.length}`]),
  ];
  return { where: conditions.join(' and ') || 'true', values };
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
