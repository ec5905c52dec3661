import { type ChangedRow, INSTANCE_COLUMNS, selection } from './columns.ts';
import { LATEST_SEQ } from '../next-seq.ts';
import type { registryTombstone } from '../schema.ts';

/** A room whose row is gone, and the number of its deletion. */
export type Tombstone = Pick<typeof registryTombstone.$inferSelect, 'doName' | 'seq'>;

/** What changed after a number, each list in the order of `seq`. */
export interface ChangesPage {
  readonly rows: readonly ChangedRow[];
  readonly tombstones: readonly Tombstone[];
  /** The page holds every change with a number up to this one; the number asked for where nothing changed. */
  readonly upTo: number;
  /** Whether there are changes beyond `upTo`. */
  readonly more: boolean;
  /** What D1 bills for the page. */
  readonly rowsRead: number;
}

/** How much a reader that has everything up to a number still has to read. */
export interface Lag {
  /** The highest number given so far, 0 where there is none. */
  readonly latestSeq: number;
  /**
   * Rows and tombstones after the number. Exact up to `LAG_ROWS_COUNTED`; beyond, the numbers given since, of which a
   * row that changed twice has two: an upper bound.
   */
  readonly lagRows: number;
  /** When the oldest of them changed, Unix milliseconds by the reporting room's clock; `null` where there is none. */
  readonly oldestChangeAt: number | null;
}

/** Counting reads an index entry for each row counted, and reads are billed: so the count is bounded. */
const LAG_ROWS_COUNTED = 10_000;

/**
 * Both tables in the order of `seq`, merged from their indexes: no more is read than is given. One statement, so both
 * are seen at the same moment.
 */
const CHANGES_AFTER = `
  SELECT 0 AS gone, ${selection(INSTANCE_COLUMNS)}
  FROM durable_object_instance WHERE seq > ?1
  UNION ALL
  SELECT 1, ${INSTANCE_COLUMNS.map(({ column }) => (['do_name', 'seq'].includes(column) ? column : 'NULL')).join(', ')}
  FROM registry_tombstone WHERE seq > ?1
  ORDER BY seq LIMIT ?2`;

/** @param after SQL for the number of the last change that the reader has; ?1 limit */
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
 * The changes with the lowest numbers after `seq`, at most `limit` of them, from the primary. Nothing with a number up
 * to `upTo` is missing: numbers are given in the order of commits, and both tables are read at the same moment.
 * @param limit at least 1
 */
export async function readChangesAfter(db: D1Database, seq: number, limit: number): Promise<ChangesPage> {
  const { results, meta } = await db
    .withSession('first-primary')
    .prepare(CHANGES_AFTER)
    // One more than asked for tells whether there is more.
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
 * The statement that finds what a reader has not read. It reads at most `2 × LAG_ROWS_COUNTED` index entries.
 * @param after SQL, of ours, for the number of the last change that he has read
 */
export function lagStatement(session: D1DatabaseSession, after: string): D1PreparedStatement {
  return session.prepare(lagAfter(after)).bind(LAG_ROWS_COUNTED + 1);
}

/**
 * What a reader at `afterSeq` has not read.
 * @param found by `lagStatement`
 */
export function lagOf(found: LagRow | undefined, afterSeq: number): Lag {
  if (found === undefined) throw new Error('a select without a table gave no row');
  const { latestSeq, counted, oldestChangeAt } = found;
  return { latestSeq, lagRows: counted > LAG_ROWS_COUNTED ? latestSeq - afterSeq : counted, oldestChangeAt };
}

/** The highest number given so far, 0 where there is none, from the primary. Reads two index entries. */
export async function readLatestSeq(db: D1Database): Promise<number> {
  const latest = await db.withSession('first-primary').prepare(LATEST_SEQ).first<number>('latestSeq');
  if (latest === null) throw new Error('a select without a table gave no row');
  return latest;
}
