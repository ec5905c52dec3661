import { type ChangedRow, INSTANCE_COLUMNS, selectSql } from './columns.ts';
import { LATEST_SEQ } from '../next-seq.ts';
import type { registryTombstone } from '../schema.ts';

/** A deleted room and the change number of its deletion. */
export type Tombstone = Pick<typeof registryTombstone.$inferSelect, 'doName' | 'seq'>;

/** Changes after a number, in the order of `seq`. */
export interface ChangesPage {
  readonly rows: readonly ChangedRow[];
  readonly tombstones: readonly Tombstone[];
  /** The page contains every change up to this number. Equals the requested number if nothing changed. */
  readonly upTo: number;
  /** Whether there are changes beyond `upTo`. */
  readonly more: boolean;
  /** Rows read as billed by D1. */
  readonly rowsRead: number;
}

/** What a reader that has all changes up to a number still has to read. */
export interface Lag {
  /** The highest change number, or 0. */
  readonly latestSeq: number;
  /**
   * Rows and tombstones after the number. Exact up to `MAX_LAG_ROWS_COUNTED`. Beyond that an upper bound: the number of
   * changes, which counts a row that changed twice two times.
   */
  readonly lagRows: number;
  /** When the oldest of them changed, in Unix milliseconds by the room's clock; `null` if there is none. */
  readonly oldestChangeAt: number | null;
}

/** D1 bills an index entry read per counted row. */
const MAX_LAG_ROWS_COUNTED = 10_000;

/**
 * Both tables in the order of `seq`, merged from their indexes, so that only the returned rows are read. One statement
 * reads both at the same moment.
 */
const CHANGES_AFTER = `
  SELECT 0 AS gone, ${selectSql(INSTANCE_COLUMNS)}
  FROM durable_object_instance WHERE seq > ?1
  UNION ALL
  SELECT 1, ${INSTANCE_COLUMNS.map(({ column }) => (['do_name', 'seq'].includes(column) ? column : 'NULL')).join(', ')}
  FROM registry_tombstone WHERE seq > ?1
  ORDER BY seq LIMIT ?2`;

/** @param after SQL for the number of the last change that the reader has. Parameter: ?1 limit */
const lagAfter = (after: string): string => `
  SELECT
    max(
      coalesce((SELECT max(seq) FROM durable_object_instance), 0),
      coalesce((SELECT max(seq) FROM registry_tombstone), 0)
    ) AS latestSeq,
    (SELECT count(*) FROM (SELECT 1 FROM durable_object_instance WHERE seq > ${after} LIMIT ?1))
      + (SELECT count(*) FROM (SELECT 1 FROM registry_tombstone WHERE seq > ${after} LIMIT ?1)) AS counted,
    (
      SELECT at FROM (
        SELECT * FROM (
          SELECT seq, max(created_at, last_accessed_at, coalesce(storage_measured_at, 0)) AS at
          FROM durable_object_instance WHERE seq > ${after} ORDER BY seq LIMIT 1
        )
        UNION ALL
        SELECT * FROM (
          SELECT seq, deleted_at AS at FROM registry_tombstone WHERE seq > ${after} ORDER BY seq LIMIT 1
        )
      ) ORDER BY seq LIMIT 1
    ) AS oldestChangeAt`;

/**
 * Reads the first `limit` changes after `seq` from the primary. No change up to `upTo` is missing, because numbers are
 * assigned in the order of commits and both tables are read at the same moment.
 * @param limit at least 1
 */
export async function readChangesAfter(db: D1Database, seq: number, limit: number): Promise<ChangesPage> {
  const { results, meta } = await db
    .withSession('first-primary')
    .prepare(CHANGES_AFTER)
    // One more row shows whether there are more.
    .bind(seq, limit + 1)
    .all<(ChangedRow & { readonly gone: 0 }) | (Tombstone & { readonly gone: 1 })>();
  const changes = results.slice(0, limit);
  return {
    rows: changes.filter((change) => change.gone === 0),
    tombstones: changes.filter((change) => change.gone === 1),
    upTo: changes.at(-1)?.seq ?? seq,
    more: results.length > limit,
    rowsRead: meta.rows_read,
  };
}

/** One row of `lagStatement`. */
export interface LagRow {
  readonly latestSeq: number;
  readonly counted: number;
  readonly oldestChangeAt: number | null;
}

/**
 * The statement for the lag of a reader. It reads at most `2 × MAX_LAG_ROWS_COUNTED` index entries.
 * @param after trusted SQL for the number of the last change that the reader has
 */
export function lagStatement(session: D1DatabaseSession, after: string): D1PreparedStatement {
  return session.prepare(lagAfter(after)).bind(MAX_LAG_ROWS_COUNTED + 1);
}

/**
 * The lag of a reader that has all changes up to `afterSeq`.
 * @param found the row of `lagStatement`
 */
export function computeLag(found: LagRow | undefined, afterSeq: number): Lag {
  if (found === undefined) throw new Error('a select without a table returned no row');
  const { latestSeq, counted, oldestChangeAt } = found;
  return {
    latestSeq,
    lagRows: counted > MAX_LAG_ROWS_COUNTED ? latestSeq - afterSeq : counted,
    oldestChangeAt,
  };
}

/** Reads the highest change number, or 0, from the primary. Reads two index entries. */
export async function readLatestSeq(db: D1Database): Promise<number> {
  const latest = await db.withSession('first-primary').prepare(LATEST_SEQ).first<number>('latestSeq');
  if (latest === null) throw new Error('a select without a table returned no row');
  return latest;
}
