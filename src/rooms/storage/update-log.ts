import { concatBytes, splitBytes } from '../../yjs/byte-chunks.ts';
import type { UpdateSource } from '../../yjs/content-index.ts';
import { type Damage, isCorruption } from './damage.ts';
import { type LogRow, listRows, readRows, groupRows } from './log-rows.ts';
import { RowCache } from './row-cache.ts';
import type { CheckedUpdate } from '../../yjs/read-update.ts';
import { MAX_CELL_BYTES, MAX_CACHED_EDIT_BYTES } from '../limits/storage-limits.ts';

/** An update to be stored, and its number of structs and delete ranges. */
type Logged = Pick<CheckedUpdate, 'bytes' | 'rangeCount'>;

/** An update in the log. */
export interface LoggedUpdate {
  /** The id of its last row. */
  readonly number: number;
  readonly byteLength: number;
}

/** An update of the log with its bytes, which may be damaged. */
export interface ReadUpdate {
  readonly firstRow: number;
  readonly number: number;
  readonly bytes: Uint8Array;
}

/**
 * A room's updates in order of arrival, as opaque bytes. An update longer than a cell has several rows; its number is the id
 * of the last. Numbers only grow. Compaction replaces consecutive updates by one.
 */
export class UpdateLog {
  readonly damage: Damage;
  readonly #sql: SqlStorage;
  /** Whether this instance has checked that the next update does not continue the newest row. */
  #isEndSound = false;
  readonly #cache = new RowCache();
  /** Counts removals of updates. Positions of an earlier generation are invalid. */
  #generation = 0;

  constructor(sql: SqlStorage, damage: Damage) {
    this.#sql = sql;
    this.damage = damage;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Creates the table. Idempotent. Not in the constructor, so that reading an absent room stores nothing. */
  create(): void {
    this.#sql.exec(
      `CREATE TABLE IF NOT EXISTS update_log (
         id INTEGER PRIMARY KEY,
         last INTEGER NOT NULL, -- 0: the next row continues the update; else the update's number of structs and delete ranges
         at INTEGER NOT NULL,   -- Unix milliseconds
         bytes BLOB NOT NULL
       ) STRICT`,
    );
  }

  /** Whether the table is there. */
  get exists(): boolean {
    return this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'update_log'").toArray().length > 0;
  }

  /**
   * Appends one update. The turn of the event loop is one transaction: all of its rows are stored, or none.
   * @returns the update's number
   */
  append({ bytes: update, rangeCount }: Logged, at: number): number {
    let number = 0;
    let id = this.#idAfterFragment();
    for (const [part, last] of splitIntoRows(update)) {
      number = this.#sql
        .exec<{ id: number }>(
          'INSERT INTO update_log (id, last, at, bytes) VALUES (?, ?, ?, ?) RETURNING id',
          id,
          last ? Math.max(1, rangeCount) : 0,
          at,
          part,
        )
        .one().id;
      id = null;
    }
    // Rows of a long update share its memory, so caching one would keep all of it.
    if (update.byteLength <= MAX_CACHED_EDIT_BYTES) this.#cache.add(number, update);
    return number;
  }

  /** The number and time of the newest update; `null` if there is none. Reads no update. */
  getNewest(): { number: number; at: number } | null {
    const row = this.#sql
      .exec<{ id: number; at: number }>('SELECT id, at FROM update_log ORDER BY id DESC LIMIT 1')
      .toArray()[0];
    return row === undefined ? null : { number: row.id, at: row.at };
  }

  /** The total size of the updates after this number. Reads none of them. */
  getSizeAfter(number: number): { bytes: number; rangeCount: number } {
    try {
      return this.#sql
        .exec<{ bytes: number; rangeCount: number }>(
          `SELECT coalesce(sum(length(bytes)), 0) AS bytes, coalesce(sum(last), 0) AS rangeCount
           FROM update_log WHERE id > ?`,
          number,
        )
        .one();
    } catch (error) {
      if (!isCorruption(error)) throw error;
      // Some rows are unreachable. `listRows` notes the damage and lists the others.
      const rows = this.#rows(number);
      return {
        bytes: rows.reduce((sum, { length }) => sum + length, 0),
        rangeCount: rows.reduce((sum, { last }) => sum + last, 0),
      };
    }
  }

  /** Reads no update. */
  countUpdates(): number {
    try {
      return this.#sql
        .exec<{ count: number }>('SELECT count(*) AS count FROM update_log WHERE last > 0')
        .one().count;
    } catch (error) {
      if (!isCorruption(error)) throw error;
      return this.#rows(0).filter(({ last }) => last > 0).length;
    }
  }

  /** The number of the oldest update; 0 if there is none. Reads no update. */
  getOldestNumber(): number {
    return (
      this.#sql
        .exec<{ id: number }>('SELECT id FROM update_log WHERE last > 0 ORDER BY id LIMIT 1')
        .toArray()[0]?.id ?? 0
    );
  }

  /** Lists the updates after this number, oldest first, without their bytes. */
  listUpdates(after: number): LoggedUpdate[] {
    return groupRows(this.#rows(after), this.damage).map(({ rows, byteLength }) => ({
      number: rows.at(-1)?.id ?? 0,
      byteLength,
    }));
  }

  /**
   * Reads the updates after one number and through another, oldest first, few at a time. Updates with unreadable rows are
   * noted as damage and left out. No statement is open between two updates.
   */
  *readUpdates(after: number, through = Number.MAX_SAFE_INTEGER): Generator<ReadUpdate> {
    const updates = groupRows(this.#rows(after, through), this.damage);
    for (const { rows, bytes } of readRows(this.#sql, updates, this.damage)) {
      const [first] = rows;
      const last = rows.at(-1);
      if (first !== undefined && last !== undefined) {
        yield { firstRow: first.id, number: last.id, bytes: concatBytes(bytes) };
      }
    }
  }

  /**
   * Creates a source that reads parts of an update later, cell by cell.
   * @throws while reading, if updates were removed meanwhile
   */
  createSource({ number, byteLength }: LoggedUpdate): UpdateSource {
    const generation = this.#generation;
    const firstRow = number - Math.max(0, Math.ceil(byteLength / MAX_CELL_BYTES) - 1);
    return { number, read: (from, to) => this.#read({ firstRow, generation }, from, to) };
  }

  *#read(
    { firstRow, generation }: { firstRow: number; generation: number },
    from: number,
    to: number,
  ): Generator<Uint8Array> {
    for (let at = from; at < to;) {
      if (this.#generation !== generation) throw new Error('the log was rewritten while it was read');
      const cell = Math.floor(at / MAX_CELL_BYTES);
      const start = cell * MAX_CELL_BYTES;
      const end = Math.min(to, start + MAX_CELL_BYTES);
      yield this.#row(firstRow + cell).subarray(at - start, end - start);
      at = end;
    }
  }

  /**
   * Replaces the updates after one number and through another by `merged`, which gets the latter number. Must run inside a
   * transaction.
   * @throws if `merged` needs more rows than it replaces
   */
  replace(after: number, through: number, merged: Logged): void {
    const { first, at } = this.#sql
      .exec<{ first: number | null; at: number | null }>(
        'SELECT min(id) AS first, max(at) AS at FROM update_log WHERE id > ? AND id <= ?',
        after,
        through,
      )
      .one();
    const replacement = [...splitIntoRows(merged.bytes)];
    const start = through - replacement.length + 1;
    if (first === null || at === null || start < first) {
      throw new Error('a compacted update must not need more rows than it replaces');
    }
    if (this.#isAll(after, through)) {
      // Each row that is deleted is billed as one written ("Durable Objects pricing", footnote 4); workerd counts none for a dropped table.
      this.#sql.exec('DROP TABLE update_log');
      this.create();
    } else {
      this.#sql.exec('DELETE FROM update_log WHERE id > ? AND id <= ?', after, through);
    }
    replacement.forEach(([part, last], index) => {
      this.#sql.exec(
        'INSERT INTO update_log (id, last, at, bytes) VALUES (?, ?, ?, ?)',
        start + index,
        last ? Math.max(1, merged.rangeCount) : 0,
        // The time of the last edit, not of the compaction.
        at,
        part,
      );
    });
    this.clearCache();
  }

  /** Call when updates were removed or a transaction was rolled back. */
  clearCache(): void {
    this.#generation += 1;
    this.#cache.clear();
  }

  #rows(after: number, through = Number.MAX_SAFE_INTEGER): LogRow[] {
    return listRows(this.#sql, { after, through }, this.damage);
  }

  /**
   * The id of the next row. If the newest update has lost its end, one id is skipped, so that the next update does not
   * continue it. `null`: SQLite chooses.
   */
  #idAfterFragment(): number | null {
    if (this.#isEndSound) return null;
    this.#isEndSound = true;
    const [newest] = this.#sql
      .exec<{ id: number; last: number }>('SELECT id, last FROM update_log ORDER BY id DESC LIMIT 1')
      .toArray();
    return newest?.last === 0 ? newest.id + 2 : null;
  }

  /** Whether all updates are after one number and through another. */
  #isAll(after: number, through: number): boolean {
    const { outside } = this.#sql
      .exec<{ outside: number }>(
        `SELECT EXISTS (SELECT 1 FROM update_log WHERE id <= ?)
             OR EXISTS (SELECT 1 FROM update_log WHERE id > ?) AS outside`,
        after,
        through,
      )
      .one();
    return outside === 0;
  }

  #row(id: number): Uint8Array {
    const cached = this.#cache.get(id);
    if (cached !== undefined) return cached;
    const { bytes } = this.#sql
      .exec<{ bytes: ArrayBuffer }>('SELECT bytes FROM update_log WHERE id = ?', id)
      .one();
    const row = new Uint8Array(bytes);
    this.#cache.add(id, row);
    return row;
  }
}

/** Splits an update into rows, each with whether it is the last. */
function* splitIntoRows(update: Uint8Array): Generator<[Uint8Array, boolean]> {
  const cells = [...splitBytes(update, MAX_CELL_BYTES)];
  for (const [index, cell] of cells.entries()) yield [cell, index === cells.length - 1];
}
