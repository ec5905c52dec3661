import { joined, parts } from './cells.ts';
import { MAX_CELL_BYTES } from './limits.ts';

/**
 * A room's updates in the order of their arrival, as opaque bytes. An update longer than a cell stands in several rows;
 * its number is the id of its last one. Numbers only grow, also across compaction, which replaces the oldest updates by
 * one that says the same.
 */
export class UpdateLog {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Makes the table. Idempotent; kept out of the constructor so that reading a room that is not there stores nothing. */
  create(): void {
    this.#sql.exec(
      `CREATE TABLE IF NOT EXISTS update_log (
         id INTEGER PRIMARY KEY,
         last INTEGER NOT NULL, -- 1: the last row of its update; 0: the update goes on in the next row
         at INTEGER NOT NULL,   -- Unix milliseconds
         bytes BLOB NOT NULL
       ) STRICT`,
    );
  }

  /**
   * Appends one update. The caller's turn of the event loop is one transaction: all its rows are stored, or none.
   * @returns the update's number
   */
  append(update: Uint8Array, at: number): number {
    let number = 0;
    for (const [part, last] of rowsOf(update)) {
      number = this.#sql
        .exec<{ id: number }>(
          'INSERT INTO update_log (last, at, bytes) VALUES (?, ?, ?) RETURNING id',
          last ? 1 : 0,
          at,
          part,
        )
        .one().id;
    }
    return number;
  }

  /** The number and time of the newest update; `null` where there is none. Reads no update. */
  newest(): { number: number; at: number } | null {
    const row = this.#sql
      .exec<{ id: number; at: number }>('SELECT id, at FROM update_log ORDER BY id DESC LIMIT 1')
      .toArray()[0];
    return row === undefined ? null : { number: row.id, at: row.at };
  }

  /** The number and size in bytes of the oldest update, after a compaction the compacted one; zeros for none. */
  oldest(): { number: number; bytes: number } {
    const row = this.#sql
      .exec<{ number: number; bytes: number }>(
        `SELECT max(id) AS number, sum(length(bytes)) AS bytes FROM update_log
         WHERE id <= (SELECT id FROM update_log WHERE last = 1 ORDER BY id LIMIT 1) HAVING count(*) > 0`,
      )
      .toArray()[0];
    return row ?? { number: 0, bytes: 0 };
  }

  /** The size in bytes of the updates with a number above this one. Reads none of them. */
  bytesAfter(number: number): number {
    return this.#sql
      .exec<{ bytes: number }>(
        'SELECT coalesce(sum(length(bytes)), 0) AS bytes FROM update_log WHERE id > ?',
        number,
      )
      .one().bytes;
  }

  /** The updates with a number above this one, oldest first. */
  after(number: number): Uint8Array[] {
    return [...this.each(number)];
  }

  /** The same one by one, so that no more than one is held at a time. Nothing may be written meanwhile. */
  *each(number: number): Generator<Uint8Array> {
    let pending: Uint8Array[] = [];
    const rows = this.#sql.exec<{ last: number; bytes: ArrayBuffer }>(
      'SELECT last, bytes FROM update_log WHERE id > ? ORDER BY id',
      number,
    );
    for (const { last, bytes } of rows) {
      pending.push(new Uint8Array(bytes));
      if (last === 1) {
        yield joined(pending);
        pending = [];
      }
    }
  }

  /**
   * Replaces every update up to `number` by `merged`, which then has that number. Must run inside a transaction.
   * @throws where `merged` needs more rows than those it replaces: then it is larger than they are
   */
  replaceThrough(number: number, merged: Uint8Array, at: number): void {
    const first = this.#sql.exec<{ id: number | null }>('SELECT min(id) AS id FROM update_log').one().id ?? 1;
    const replacement = [...rowsOf(merged)];
    const start = number - replacement.length + 1;
    if (start < first) throw new Error('a compacted update must not need more rows than it replaces');
    this.#sql.exec('DELETE FROM update_log WHERE id <= ?', number);
    replacement.forEach(([part, last], index) => {
      this.#sql.exec(
        'INSERT INTO update_log (id, last, at, bytes) VALUES (?, ?, ?, ?)',
        start + index,
        last ? 1 : 0,
        at,
        part,
      );
    });
  }
}

/** An update in the cells it takes, each with whether it is the last. */
function* rowsOf(update: Uint8Array): Generator<[Uint8Array, boolean]> {
  const cells = [...parts(update, MAX_CELL_BYTES)];
  for (const [index, cell] of cells.entries()) yield [cell, index === cells.length - 1];
}
