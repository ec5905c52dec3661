import { type ChangedRow, INSTANCE_COLUMNS, selectSql, SEPARATOR, rowTextSql } from './columns.ts';
import { readBoundedRows } from './bounded-rows.ts';

/**
 * The text of this many rows always fits into a D1 value (2,000,000 bytes): a row has at most 1,024 bytes of name, 1,024
 * of user, 256 of resource and about 200 of the rest.
 */
const SAFE_ROWS = 700;

/** A range of the registry in the order of names, read at one moment. */
export interface RegistryRange {
  /** The last name of the range; `null` if the range ends with the last row. */
  readonly to: string | null;
  /** Number of rows whose `seq` is at most the requested one. */
  readonly settledRows: number;
  /** The settled rows: each column as text, nulls empty, in the order of the schema. */
  readonly text: string;
  /** Names of rows and tombstones with a later `seq`. */
  readonly unsettled: readonly string[];
}

/** The rows of a range, read at one moment. */
export interface RegistryRows {
  readonly rows: readonly ChangedRow[];
  /** Names of tombstones with a later `seq` than the requested one. */
  readonly deletedSince: readonly string[];
}

/*
 * Parameters: ?1 seq, ?2 from, ?3 limit. `group_concat` relies on the order of the inner query; if it differed, the texts
 * would not match and the rows would be compared one by one. The "+" makes SQLite use the index on `seq`, because few
 * tombstones have a later number.
 */
const RANGE = `
  SELECT range.*, (
    SELECT json_group_array(do_name) FROM registry_tombstone
    WHERE seq > ?1 AND +do_name > ?2 AND (range.read < ?3 OR +do_name <= range.last)
  ) AS deleted
  FROM (
    SELECT count(*) AS read, max(do_name) AS last,
      count(*) FILTER (WHERE seq <= ?1) AS settledRows,
      group_concat(${rowTextSql(INSTANCE_COLUMNS)}, char(${SEPARATOR})) FILTER (WHERE seq <= ?1) AS text,
      json_group_array(do_name) FILTER (WHERE seq > ?1) AS changed
    FROM (SELECT * FROM durable_object_instance WHERE do_name > ?2 ORDER BY do_name LIMIT ?3)
  ) AS range`;

/**
 * Reads the range that starts after a name.
 * @param from exclusive; empty for the first range
 * @param seq changes up to this number are settled
 * @param limit maximum rows; the range has fewer if their text would exceed D1's limit
 */
export async function readRange(
  db: D1Database,
  { from, seq, limit }: { from: string; seq: number; limit: number },
): Promise<RegistryRange> {
  const bounds = { first: limit, safe: SAFE_ROWS, max: limit };
  return readBoundedRows(bounds, async (rows) => {
    const found = await db.withSession('first-primary').prepare(RANGE).bind(seq, from, rows).first<{
      read: number;
      last: string | null;
      settledRows: number;
      text: string | null;
      changed: string;
      deleted: string;
    }>();
    if (found === null) throw new Error('an aggregate returned no row');
    const { settledRows, text, changed, deleted } = found;
    return {
      to: found.read < rows ? null : found.last,
      settledRows,
      text: text ?? '',
      unsettled: [...parseNames(changed), ...parseNames(deleted)],
    };
  });
}

/** Reads the rows with `from < name <= to`, at most `limit`. `to` is `null` for no upper bound. */
export async function readRangeRows(
  db: D1Database,
  { from, to, seq, limit }: { from: string; to: string | null; seq: number; limit: number },
): Promise<RegistryRows> {
  const session = db.withSession('first-primary');
  const within = '+do_name > ?2 AND (?3 IS NULL OR +do_name <= ?3)';
  const upTo = to === null ? '' : 'AND do_name <= ?2';
  const rows = session.prepare(`
    SELECT ${selectSql(INSTANCE_COLUMNS)}
    FROM durable_object_instance WHERE do_name > ?1 ${upTo} ORDER BY do_name LIMIT ${limit}`);
  const deleted = session.prepare(
    `SELECT do_name AS doName FROM registry_tombstone WHERE seq > ?1 AND ${within}`,
  );
  const [found, gone] = await session.batch<ChangedRow>([
    to === null ? rows.bind(from) : rows.bind(from, to),
    deleted.bind(seq, from, to),
  ]);
  return {
    rows: found?.results ?? [],
    deletedSince: (gone?.results ?? []).map(({ doName }) => doName),
  };
}

function parseNames(json: string): string[] {
  const names: unknown = JSON.parse(json);
  if (!Array.isArray(names)) throw new Error('json_group_array returned no array');
  return names.map(String);
}
