import { type ChangedRow, INSTANCE_COLUMNS, selection, SEPARATOR, textOfRow } from './columns.ts';
import { readFittingRows } from './fitting-rows.ts';

/**
 * So few rows that their text is always within what D1 takes for a value, 2,000,000 bytes: a row has at most 1,024 bytes of
 * name, as many of user, 256 of resource, and some 200 of the rest.
 */
const SURELY_SMALL_ROWS = 700;

/** A part of the registry in the order of names, seen at one moment. */
export interface RegistryRange {
  /** Its last name; `null` where it goes on to the end of all names. */
  readonly to: string | null;
  /** Rows whose last change has a number up to the one asked for. */
  readonly settledRows: number;
  /** Those rows: each column as text, nulls empty, in the order of the schema. */
  readonly text: string;
  /** Names whose last change, a deletion included, has a later number. */
  readonly unsettled: readonly string[];
}

/** The rows of a range one by one, seen at one moment. */
export interface RegistryRows {
  readonly rows: readonly ChangedRow[];
  /** Names of rooms that were deleted with a number after the one asked for. */
  readonly deletedSince: readonly string[];
}

/*
 * Parameters: ?1 seq, ?2 from, ?3 limit. The rows of the inner query come in the order of names; were they ever to come in
 * another, the text would differ from the one it is compared with, and the rows be compared one by one.
 *
 * The plus keeps SQLite from looking for tombstones by name: of all there are, few are later than `seq`.
 */
const RANGE = `
  SELECT range.*, (
    SELECT json_group_array(do_name) FROM registry_tombstone
    WHERE seq > ?1 AND +do_name > ?2 AND (range.read < ?3 OR +do_name <= range.last)
  ) AS deleted
  FROM (
    SELECT count(*) AS read, max(do_name) AS last,
      count(*) FILTER (WHERE seq <= ?1) AS settledRows,
      group_concat(${textOfRow(INSTANCE_COLUMNS)}, char(${SEPARATOR})) FILTER (WHERE seq <= ?1) AS text,
      json_group_array(do_name) FILTER (WHERE seq > ?1) AS changed
    FROM (SELECT * FROM durable_object_instance WHERE do_name > ?2 ORDER BY do_name LIMIT ?3)
  ) AS range`;

/**
 * Reads the range that begins after a name.
 * @param from a name that is not in it; empty for the first range
 * @param seq which changes are settled: those up to this number
 * @param limit rows of the range; fewer where their text would be too long for D1
 */
export async function readRange(
  db: D1Database,
  { from, seq, limit }: { from: string; seq: number; limit: number },
): Promise<RegistryRange> {
  const bounds = { first: limit, surelySmall: SURELY_SMALL_ROWS, most: limit };
  return readFittingRows(bounds, async (rows) => {
    const found = await db.withSession('first-primary').prepare(RANGE).bind(seq, from, rows).first<{
      read: number;
      last: string | null;
      settledRows: number;
      text: string | null;
      changed: string;
      deleted: string;
    }>();
    if (found === null) throw new Error('an aggregate gave no row');
    const { settledRows, text, changed, deleted } = found;
    return {
      to: found.read < rows ? null : found.last,
      settledRows,
      text: text ?? '',
      unsettled: [...namesOf(changed), ...namesOf(deleted)],
    };
  });
}

/** Reads the rows of `from < name <= to`, or to the end of all names, at most `limit` of them. */
export async function readRangeRows(
  db: D1Database,
  { from, to, seq, limit }: { from: string; to: string | null; seq: number; limit: number },
): Promise<RegistryRows> {
  const session = db.withSession('first-primary');
  const within = '+do_name > ?2 AND (?3 IS NULL OR +do_name <= ?3)';
  const upTo = to === null ? '' : 'AND do_name <= ?2';
  const rows = session.prepare(`
    SELECT ${selection(INSTANCE_COLUMNS)}
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

function namesOf(json: string): string[] {
  const names: unknown = JSON.parse(json);
  if (!Array.isArray(names)) throw new Error('json_group_array gave no array');
  return names.map(String);
}
