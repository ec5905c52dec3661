import { MAX_CELL_BYTES } from './limits.ts';
import { type Snapshot, decodeSnapshot, encodeSnapshot, uniteSnapshots } from './snapshot.ts';
import { joined, parts } from './cells.ts';

/** A version as it is listed. */
export interface SnapshotEntry {
  /** Unix milliseconds; unique in a room, and what names the version. */
  readonly createdAt: number;
  readonly label: string | null;
  /** Made by the room, not by somebody: thinned with age. */
  readonly automatic: boolean;
}

type Row = { created_at: number; label: string | null; automatic: number; added: ArrayBuffer };

/**
 * A document's versions. Each is stored as what it has beyond the one before it (`addedSince`), so it costs what changed.
 * Every method that writes more than one row must run inside a transaction.
 */
export class SnapshotTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Idempotent. A document without versions does without the table, which takes a page. */
  create(): void {
    this.#sql.exec(
      `CREATE TABLE IF NOT EXISTS snapshot (
         created_at INTEGER NOT NULL, -- Unix milliseconds
         part INTEGER NOT NULL,       -- 0, 1, …: more than one where the bytes are too many for a cell
         label TEXT,
         automatic INTEGER NOT NULL,
         added BLOB NOT NULL,         -- what it has beyond the one before it
         PRIMARY KEY (created_at, part)
       ) STRICT, WITHOUT ROWID`,
    );
  }

  /** Newest first. */
  list(): SnapshotEntry[] {
    return this.#sql
      .exec<Omit<Row, 'added'>>(
        'SELECT created_at, label, automatic FROM snapshot WHERE part = 0 ORDER BY created_at DESC',
      )
      .toArray()
      .map((row) => ({ createdAt: row.created_at, label: row.label, automatic: row.automatic === 1 }));
  }

  /** What is stored of them, in bytes. Reads none of them. */
  storedBytes(): number {
    return this.#sql
      .exec<{ bytes: number }>(
        'SELECT coalesce(sum(length(added) + coalesce(length(CAST(label AS BLOB)), 0)), 0) AS bytes FROM snapshot',
      )
      .one().bytes;
  }

  has(createdAt: number): boolean {
    return (
      this.#sql.exec('SELECT 1 FROM snapshot WHERE created_at = ? AND part = 0', createdAt).toArray().length >
      0
    );
  }

  /** What the version of this time has, or the last one before it. */
  snapshotAt(createdAt: number): Snapshot {
    return uniteSnapshots(this.#added(0, createdAt));
  }

  add(entry: SnapshotEntry, added: Snapshot): void {
    let part = 0;
    for (const bytes of parts(encodeSnapshot(added), MAX_CELL_BYTES)) {
      this.#sql.exec(
        'INSERT INTO snapshot (created_at, part, label, automatic, added) VALUES (?, ?, ?, ?, ?)',
        entry.createdAt,
        part++,
        entry.label,
        entry.automatic ? 1 : 0,
        bytes,
      );
    }
  }

  /** Removes a version. What it had beyond the one before it passes to the one after it. */
  remove(createdAt: number): void {
    const next = this.#sql
      .exec<Omit<Row, 'added'>>(
        'SELECT created_at, label, automatic FROM snapshot WHERE created_at > ? AND part = 0 ORDER BY created_at LIMIT 1',
        createdAt,
      )
      .toArray()[0];
    const last = next?.created_at ?? createdAt;
    const added = next === undefined ? null : uniteSnapshots(this.#added(createdAt, last));
    this.#sql.exec('DELETE FROM snapshot WHERE created_at BETWEEN ? AND ?', createdAt, last);
    if (next === undefined || added === null) return;
    this.add({ createdAt: last, label: next.label, automatic: next.automatic === 1 }, added);
  }

  /** What each version from one time to another had beyond the one before it. */
  #added(from: number, to: number): Snapshot[] {
    const rows = this.#sql.exec<Pick<Row, 'created_at' | 'added'>>(
      'SELECT created_at, added FROM snapshot WHERE created_at BETWEEN ? AND ? ORDER BY created_at, part',
      from,
      to,
    );
    const bytes = new Map<number, Uint8Array[]>();
    for (const { created_at: createdAt, added } of rows) {
      const known = bytes.get(createdAt);
      if (known === undefined) bytes.set(createdAt, [new Uint8Array(added)]);
      else known.push(new Uint8Array(added));
    }
    return [...bytes.values()].map((cells) => decodeSnapshot(joined(cells)));
  }
}
