import { type Damage, isCorruption } from './damage.ts';
import { MAX_CELL_BYTES, MAX_READ_BATCH_BYTES, MAX_ROWS_PER_QUERY } from '../limits/storage-limits.ts';

/** A row of `update_log` without its bytes. */
export interface LogRow {
  readonly id: number;
  /** 0: the next row continues the update. */
  readonly last: number;
  /** In bytes. */
  readonly length: number;
}

/** The rows of one update. */
interface UpdateRows {
  readonly rows: readonly LogRow[];
  readonly byteLength: number;
}

interface Ids {
  readonly after: number;
  readonly through: number;
}

/**
 * Lists the rows after one id and through another, oldest first. In a damaged file, those that SQLite reaches from either
 * end.
 */
export function listRows(sql: SqlStorage, { after, through }: Ids, damage: Damage): LogRow[] {
  try {
    return sql
      .exec<{ id: number; last: number; length: number }>(
        'SELECT id, last, length(bytes) AS length FROM update_log WHERE id > ? AND id <= ? ORDER BY id',
        after,
        through,
      )
      .toArray();
  } catch (error) {
    if (!isCorruption(error)) throw error;
    damage.noteRecord('update_log', error);
    const oldest = listReachable(sql, { after, through }, 'ASC');
    const reached = oldest.at(-1)?.id ?? after;
    return [...oldest, ...listReachable(sql, { after: reached, through }, 'DESC').toReversed()];
  }
}

/** Lists the rows from one end up to the first that SQLite cannot reach. */
function listReachable(sql: SqlStorage, { after, through }: Ids, order: 'ASC' | 'DESC'): LogRow[] {
  const rows: LogRow[] = [];
  let ids: Ids = { after, through };
  for (let limit = MAX_ROWS_PER_QUERY; limit > 0;) {
    let found: LogRow[];
    try {
      found = sql
        .exec<{ id: number; last: number; length: number }>(
          `SELECT id, last, length(bytes) AS length FROM update_log WHERE id > ? AND id <= ? ORDER BY id ${order} LIMIT ?`,
          ids.after,
          ids.through,
          limit,
        )
        .toArray();
    } catch (error) {
      if (!isCorruption(error)) throw error;
      // The caller has noted the damage. A smaller step may end before it.
      limit = Math.floor(limit / 2);
      continue;
    }
    const end = found.at(-1);
    if (end === undefined) break;
    for (const row of found) rows.push(row);
    ids = order === 'ASC' ? { ...ids, after: end.id } : { ...ids, through: end.id - 1 };
  }
  return rows;
}

/**
 * Groups rows by update. A full row is continued by the next row unless it is marked as the last; any other row ends its
 * update. Rows whose continuation is missing are noted as damage and left out.
 */
export function groupRows(rows: readonly LogRow[], damage: Damage): UpdateRows[] {
  const updates: UpdateRows[] = [];
  let open: LogRow[] = [];
  const giveUp = (): void => {
    const [first] = open;
    if (first !== undefined) damage.noteUpdate(first.id, getSize(open), new Error('rows are missing'));
    open = [];
  };
  for (const row of rows) {
    if (open.length > 0 && row.id !== (open.at(-1)?.id ?? 0) + 1) giveUp();
    open.push(row);
    if (row.last === 0 && row.length === MAX_CELL_BYTES) continue;
    updates.push({ rows: open, byteLength: getSize(open) });
    open = [];
  }
  giveUp();
  return updates;
}

/** Reads the rows of updates in batches. An update with an unreadable row is noted as damage and left out. */
export function* readRows(
  sql: SqlStorage,
  updates: readonly UpdateRows[],
  damage: Damage,
): Generator<{ readonly rows: readonly LogRow[]; readonly bytes: Uint8Array[] }> {
  for (const batch of createBatches(updates)) {
    const bytes = readBatch(sql, batch);
    for (const { rows, byteLength } of batch) {
      const cells = rows.map(({ id }) => bytes.get(id));
      const whole = cells.filter((cell) => cell instanceof Uint8Array);
      if (whole.length === cells.length) yield { rows, bytes: whole };
      else
        damage.noteUpdate(
          rows[0]?.id ?? 0,
          byteLength,
          cells.find((cell) => cell instanceof Error),
        );
    }
  }
}

/** Cells by row id, or the error. */
function readBatch(sql: SqlStorage, batch: readonly UpdateRows[]): Map<number, Uint8Array | Error> {
  const rows = batch.flatMap((update) => update.rows);
  try {
    const cells = sql
      .exec<{ id: number; bytes: ArrayBuffer }>(
        'SELECT id, bytes FROM update_log WHERE id >= ? AND id <= ?',
        rows[0]?.id ?? 0,
        rows.at(-1)?.id ?? 0,
      )
      .toArray();
    return new Map(cells.map(({ id, bytes }) => [id, new Uint8Array(bytes)]));
  } catch (error) {
    if (!isCorruption(error)) throw error;
    // One by one. The caller notes the damage.
    return new Map(rows.map(({ id }) => [id, readCell(sql, id)]));
  }
}

function readCell(sql: SqlStorage, id: number): Uint8Array | Error {
  try {
    const [row] = sql.exec<{ bytes: ArrayBuffer }>('SELECT bytes FROM update_log WHERE id = ?', id).toArray();
    return row === undefined ? new Error('the row is missing') : new Uint8Array(row.bytes);
  } catch (error) {
    if (!isCorruption(error)) throw error;
    return new Error(String(error));
  }
}

/** Splits updates into batches of about `MAX_READ_BATCH_BYTES`. */
function* createBatches(updates: readonly UpdateRows[]): Generator<readonly UpdateRows[]> {
  let batch: UpdateRows[] = [];
  let bytes = 0;
  for (const update of updates) {
    if (batch.length > 0 && bytes + update.byteLength > MAX_READ_BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(update);
    bytes += update.byteLength;
  }
  if (batch.length > 0) yield batch;
}

const getSize = (rows: readonly LogRow[]): number => rows.reduce((sum, { length }) => sum + length, 0);
