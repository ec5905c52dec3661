import type { VersionEntry } from '../contract/description.ts';
import type { Damage } from './damage.ts';
import { MAX_CELL_BYTES } from '../limits/storage-limits.ts';
import { type Snapshot, decodeSnapshot, encodeSnapshot, uniteSnapshots } from '../../yjs/snapshot.ts';
import { concatBytes, splitBytes } from '../../yjs/byte-chunks.ts';

type Row = { created_at: number; label: string | null; automatic: number; added: ArrayBuffer };

/**
 * A document's versions. Each is stored as what it has beyond the one before it (`addedSince`), so it costs what changed.
 * Every method that writes more than one row must run inside a transaction.
 */
export class VersionTable {
  readonly #sql: SqlStorage;
  readonly #damage: Damage;

  constructor(sql: SqlStorage, damage: Damage) {
    this.#sql = sql;
    this.#damage = damage;
  }

  /** Whether the table is there. */
  get exists(): boolean {
    return this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'snapshot'").toArray().length > 0;
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
  list(): VersionEntry[] {
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

  /** What the version of this time has, or the last one before it; less than that where some cannot be read. */
  readSnapshot(createdAt: number): Snapshot {
    return uniteSnapshots(this.#readAdded(0, createdAt).flatMap(({ added }) => added ?? []));
  }

  /** The times of the versions up to this one that cannot be read, oldest first. */
  listUnreadable(through: number): number[] {
    return this.#readAdded(0, through).flatMap(({ createdAt, added }) => (added === null ? [createdAt] : []));
  }

  add(entry: VersionEntry, added: Snapshot): void {
    this.#insert(entry, encodeSnapshot(added));
  }

  #insert(entry: VersionEntry, added: Uint8Array): void {
    let part = 0;
    for (const bytes of splitBytes(added, MAX_CELL_BYTES)) {
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

  /**
   * Removes a version. What it had beyond the one before it passes to the one after it; where that cannot be read, the next
   * one cannot be read either, and has the bytes that tell so.
   * @param wholeSince the time of a version that needs none of those before it
   */
  remove(createdAt: number, wholeSince: number): void {
    const next = this.#sql
      .exec<Omit<Row, 'added'>>(
        'SELECT created_at, label, automatic FROM snapshot WHERE created_at > ? AND part = 0 ORDER BY created_at LIMIT 1',
        createdAt,
      )
      .toArray()[0];
    const last = next?.created_at ?? createdAt;
    const both = this.#readAdded(createdAt, last);
    this.#sql.exec('DELETE FROM snapshot WHERE created_at BETWEEN ? AND ?', createdAt, last);
    if (next === undefined) return;
    const entry = { createdAt: last, label: next.label, automatic: next.automatic === 1 };
    const damaged = both.find(({ added }) => added === null);
    if (damaged === undefined || last === wholeSince)
      this.add(entry, uniteSnapshots(both.flatMap(({ added }) => added ?? [])));
    else this.#insert(entry, damaged.bytes);
  }

  /** What each version from one time to another had beyond the one before it; `null` where that cannot be read. */
  #readAdded(from: number, to: number): { createdAt: number; bytes: Uint8Array; added: Snapshot | null }[] {
    const rows = this.#sql
      .exec<Pick<Row, 'created_at' | 'added'>>(
        'SELECT created_at, added FROM snapshot WHERE created_at BETWEEN ? AND ? ORDER BY created_at, part',
        from,
        to,
      )
      .toArray();
    const bytes = new Map<number, Uint8Array[]>();
    for (const { created_at: createdAt, added } of rows) {
      const known = bytes.get(createdAt);
      if (known === undefined) bytes.set(createdAt, [new Uint8Array(added)]);
      else known.push(new Uint8Array(added));
    }
    return [...bytes].map(([createdAt, cells]) => {
      const whole = concatBytes(cells);
      return { createdAt, bytes: whole, added: this.#decode(createdAt, whole) };
    });
  }

  #decode(createdAt: number, bytes: Uint8Array): Snapshot | null {
    try {
      return decodeSnapshot(bytes);
    } catch (error) {
      // Only stored bytes are decoded here, and by Yjs.
      this.#damage.noteRecord(`version ${createdAt}`, error);
      return null;
    }
  }
}
